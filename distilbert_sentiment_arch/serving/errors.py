"""Exceptions to failures: what every dialect renders, in its own envelope."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from distilbert_sentiment_arch.errors import (
    InputError,
    Overloaded,
    SentimentError,
    TooManyInputs,
    Unavailable,
    UnknownModel,
)

logger = logging.getLogger("max.sentiment")

RETRY_AFTER_S = 1

# The first class that matches decides.
_STATUS: tuple[tuple[type[SentimentError], int], ...] = (
    (TooManyInputs, 413),
    (InputError, 400),
    (UnknownModel, 404),
    (Overloaded, 429),
    (Unavailable, 503),
)


@dataclass(frozen=True)
class Failure:
    """A request that was not answered.

    Attributes:
        status: HTTP status, 400 to 599.
        message: What went wrong and what to do, for a person.
        param: The request field at fault, where one is known.
    """

    status: int
    message: str
    param: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Headers that say when to come back."""
        return {"Retry-After": str(RETRY_AFTER_S)} if self.status in (429, 503) else {}


def failure_of(error: Exception) -> Failure:
    """Returns what to tell the caller; an error nobody planned for is logged and not told."""
    if isinstance(error, RequestValidationError):
        return _invalid_request(error)
    if isinstance(error, HTTPException | StarletteHTTPException):
        return Failure(error.status_code, str(error.detail))
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return Failure(status, str(error), getattr(error, "param", None))
    logger.error("unexpected error while answering a request", exc_info=error)
    return Failure(500, "Internal server error. The log of the server has the details.")


def _invalid_request(error: RequestValidationError) -> Failure:
    # Never repeats the input: it may be huge, secret or not encodable.
    first = error.errors()[0]
    path = [str(part) for part in first["loc"][1:]]
    if first["type"] == "json_invalid":
        return Failure(
            400, f"The body is not valid JSON: {first['ctx']['error']}, at character {path[0]}."
        )
    if not path:
        return Failure(
            400, "The body is not a JSON object. Send one, with Content-Type: application/json."
        )
    message = str(first["msg"]).removeprefix("Value error, ")
    return Failure(400, f"{'.'.join(path)}: {message}.".replace("..", "."), path[0])
