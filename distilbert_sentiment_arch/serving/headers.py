"""Response headers that every dialect carries."""

from __future__ import annotations

from fastapi import Response

ROUTE_HEADER = "X-Sentiment-Route"


def name_route(response: Response) -> None:
    """Says on the response what answered."""
    response.headers[ROUTE_HEADER] = "model"
