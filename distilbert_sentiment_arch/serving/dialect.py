"""What a wire format says about itself: its name and its envelope for failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from distilbert_sentiment_arch.serving.errors import STATUS, Failure, Kind


@dataclass(frozen=True)
class Dialect:
    """A wire format.

    Attributes:
        name: For metrics and logs.
        envelope: Body of a failure.
        error_model: The type of that body, for the OpenAPI document.
        statuses: Where its failures have another HTTP status than ours.
    """

    name: str
    envelope: Callable[[Failure], Mapping[str, Any]]
    error_model: type[BaseModel]
    statuses: Mapping[Kind, int]

    def render(self, failure: Failure) -> Response:
        """Returns the response to a request that was not answered."""
        return JSONResponse(
            self.envelope(failure),
            self.statuses.get(failure.kind, failure.status),
            headers=dict(failure.headers),
        )

    def failures(self) -> set[int]:
        """Returns the HTTP statuses of its failures."""
        return {self.statuses.get(kind, status) for kind, status in STATUS.items()}
