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
    DeadlineExceeded,
    InputError,
    Overloaded,
    SentimentError,
    TooManyInputs,
    TooManyTokensInRequest,
    Unauthorized,
    Unavailable,
    UnknownModel,
)

logger = logging.getLogger("max.serve.sentiment")

Kind = Literal[
    "blank",
    "invalid",
    "unauthorized",
    "not_found",
    "method_not_allowed",
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
    "too_large": 413,
    "unsupported_encoding": 415,
    "overloaded": 429,
    "internal": 500,
    "deadline": 503,
    "unavailable": 503,
}

# The first class that matches decides.
_KINDS: tuple[tuple[type[SentimentError], Kind], ...] = (
    (TooManyInputs, "too_large"),
    (TooManyTokensInRequest, "too_large"),
    (BlankInput, "blank"),
    (InputError, "invalid"),
    (UnknownModel, "not_found"),
    (Unauthorized, "unauthorized"),
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
    """

    kind: Kind
    message: str
    param: str | None = None

    @property
    def status(self) -> int:
        """HTTP status, where the dialect has no other opinion."""
        return STATUS[self.kind]

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that tell how or when to try again."""
        return _HEADERS.get(self.kind, {})


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
            return Failure(kind, str(error), getattr(error, "param", None))
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
