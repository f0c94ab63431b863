"""Description of a wire format: its name and the body of its error responses."""

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
        name: Name in metrics and logs.
        envelope: Makes the body of an error response from a failure.
        error_model: Type of that body, for the OpenAPI document.
        statuses: HTTP statuses of failures that differ from ``errors.STATUS``.
    """

    name: str
    envelope: Callable[[Failure], Mapping[str, Any]]
    error_model: type[BaseModel]
    statuses: Mapping[Kind, int]

    def render(self, failure: Failure) -> Response:
        """Returns the error response for a failure."""
        return JSONResponse(
            self.envelope(failure),
            self.statuses.get(failure.kind, failure.status),
            headers=dict(failure.headers),
        )

    def failures(self) -> set[int]:
        """Returns the HTTP statuses of all error responses."""
        return {self.statuses.get(kind, status) for kind, status in STATUS.items()}
