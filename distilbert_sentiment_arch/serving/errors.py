"""Mapping of exceptions to failures, which each dialect renders as its own error responses."""

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
    UnsupportedTask,
)

logger = logging.getLogger("max.serve.sentiment")

STARTED_HEADER = "X-Sentiment-Started"
"""Response header, ``no`` if the request did not reach the model: a gateway may send it to another
server."""

Kind = Literal[
    "blank",
    "invalid",
    "unsupported",
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
    "unsupported": 400,
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

# The first class that matches the exception applies.
_KINDS: tuple[tuple[type[SentimentError], Kind], ...] = (
    (TooMuch, "too_large"),
    (BlankInput, "blank"),
    (UnsupportedTask, "unsupported"),
    (InputError, "invalid"),
    (UnknownModel, "not_found"),
    (Unauthorized, "unauthorized"),
    (BodyTimeout, "timeout"),
    (Overloaded, "overloaded"),
    (DeadlineExceeded, "deadline"),
    (Unavailable, "unavailable"),
)

# Statuses of the HTTP errors that FastAPI and MAX raise.
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
    """Reason why a request failed, independent of the dialect.

    Attributes:
        kind: Kind of the failure, for programs.
        message: The problem and its remedy, for people.
        param: The invalid field of the request, if known.
        started: The request may have reached the model.
    """

    kind: Kind
    message: str
    param: str | None = None
    started: bool = True

    @property
    def status(self) -> int:
        """HTTP status, unless the dialect has a different one for the kind."""
        return STATUS[self.kind]

    @property
    def headers(self) -> Mapping[str, str]:
        """Response headers that state how, when or where to retry."""
        headers = _HEADERS.get(self.kind, {})
        return headers if self.started else {**headers, STARTED_HEADER: "no"}


def failure_of(error: Exception) -> Failure:
    """Returns the failure of an exception; an unexpected one is logged and not disclosed."""
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
    # The message never repeats the input, which may be huge, secret or not encodable.
    if not location:
        return Failure(
            "invalid", "The body is not a JSON object. Send one, as Content-Type: application/json."
        )
    message = str(detail["msg"]).removeprefix("Value error, ").rstrip(".")
    path = ".".join(str(part) for part in location)
    return Failure("invalid", f"{path[:200]}: {message[:200]}.", str(location[0])[:100])
