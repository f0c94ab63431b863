"""The error envelope of OpenAI, which vLLM and SGLang share.

Source: https://platform.openai.com/docs/guides/error-codes and ``openai.APIError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from distilbert_sentiment_arch.serving.errors import Failure

_TYPES = {
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    503: "service_unavailable_error",
}


class OpenAIError(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: int


class OpenAIErrorResponse(BaseModel):
    """Body of every response that is not a 2xx."""

    error: OpenAIError


def openai_envelope(failure: Failure) -> Mapping[str, Any]:
    """Returns the body of a failure."""
    kind = "invalid_request_error" if failure.status < 500 else "api_error"
    error = OpenAIError(
        message=failure.message,
        type=_TYPES.get(failure.status, kind),
        param=failure.param,
        code=failure.status,
    )
    return OpenAIErrorResponse(error=error).model_dump()


ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIErrorResponse} for status in (400, 404, 413, 429, 500, 503)
}
