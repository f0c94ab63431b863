"""Exceptions to failures: what every dialect renders, in its own envelope."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from distilbert_sentiment_arch.errors import (
    BlankInput,
    BodyTimeout,
    DeadlineExceeded,
    InputError,
    Overloaded,
    SentimentError,
    TooMuch,
    Unauthorized,
    Unavailable,
    UnknownModel,
)

logger = logging.getLogger("max.serve.sentiment")

STARTED_HEADER = "X-Sentiment-Started"
"""``no`` where the model was not asked: a gateway may send the request to another server."""

Kind = Literal[
    "blank",
    "invalid",
    "unauthorized",
    "not_found",
    "method_not_allowed",
    "timeout",
    "too_large",
    "unsupported_encoding",
    "overloaded",
    "deadline",
    "unavailable",
    "internal",
]

STATUS: dict[Kind, int] = {
    "blank": 400,
    "invalid": 400,
    "unauthorized": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "too_large": 413,
    "unsupported_encoding": 415,
    "overloaded": 429,
    "internal": 500,
    "deadline": 503,
    "unavailable": 503,
}

# The first class that matches decides.
_KINDS: tuple[tuple[type[SentimentError], Kind], ...] = (
    (TooMuch, "too_large"),
    (BlankInput, "blank"),
    (InputError, "invalid"),
    (UnknownModel, "not_found"),
    (Unauthorized, "unauthorized"),
    (BodyTimeout, "timeout"),
    (Overloaded, "overloaded"),
    (DeadlineExceeded, "deadline"),
    (Unavailable, "unavailable"),
)

# What FastAPI and MAX raise as plain HTTP errors.
_KINDS_OF_STATUS: dict[int, Kind] = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_encoding",
    429: "overloaded",
    503: "unavailable",
}

_HEADERS: dict[Kind, dict[str, str]] = {
    "unauthorized": {"WWW-Authenticate": "Bearer"},
    "timeout": {"Connection": "close"},
    "overloaded": {"Retry-After": "1"},
    "deadline": {"Retry-After": "5"},
    "unavailable": {"Retry-After": "5"},
}


@dataclass(frozen=True)
class Failure:
    """A request that was not answered.

    Attributes:
        kind: What went wrong, for a program.
        message: What went wrong and what to do, for a person.
        param: The request field at fault, where one is known.
        started: The model may have been asked.
    """

    kind: Kind
    message: str
    param: str | None = None
    started: bool = True

    @property
    def status(self) -> int:
        """HTTP status, where the dialect has no other opinion."""
        return STATUS[self.kind]

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that tell how, when or where to try again."""
        headers = _HEADERS.get(self.kind, {})
        return headers if self.started else {**headers, STARTED_HEADER: "no"}


def failure_of(error: Exception) -> Failure:
    """Returns what to tell the caller; an error nobody planned for is logged and not told."""
    if isinstance(error, ValidationError):
        detail = error.errors(include_url=False, include_context=True, include_input=False)[0]
        return _invalid(detail, detail["loc"])
    if isinstance(error, HTTPException):
        return _of_status(error.status_code, str(error.detail))
    if isinstance(error, ClientDisconnect):
        return Failure("invalid", "The body ended before its length.")
    for exception, kind in _KINDS:
        if isinstance(error, exception):
            started = not isinstance(error, Unavailable) or error.started
            return Failure(kind, str(error), getattr(error, "param", None), started)
    logger.error("unexpected error while answering a request", exc_info=error)
    return Failure("internal", "Internal server error. The log of the server has the details.")


def _of_status(status: int, message: str) -> Failure:
    return Failure(_KINDS_OF_STATUS.get(status, "invalid" if status < 500 else "internal"), message)


def _invalid(detail: Mapping[str, Any], location: Sequence[int | str]) -> Failure:
    # Never repeats the input: it may be huge, secret or not encodable.
    if not location:
        return Failure(
            "invalid", "The body is not a JSON object. Send one, as Content-Type: application/json."
        )
    message = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    path = ".".join(str(part) for part in location)
    return Failure("invalid", f"{path[:200]}: {message[:200]}.", str(location[0])[:100])
