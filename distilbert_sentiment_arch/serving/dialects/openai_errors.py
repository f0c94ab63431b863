"""Error responses of OpenAI's format, which vLLM and SGLang use as well.

Source: https://platform.openai.com/docs/guides/error-codes and ``openai.APIError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.errors import Failure, Kind
from distilbert_sentiment_arch.serving.wire import WireModel

_TYPES: dict[Kind, str] = {
    "unauthorized": "authentication_error",
    "not_found": "not_found_error",
    "overloaded": "rate_limit_error",
    "deadline": "service_unavailable_error",
    "unavailable": "service_unavailable_error",
    "internal": "api_error",
}


class OpenAIError(WireModel):
    """Description of an error."""

    message: str
    type: str
    param: str | None
    code: int


class OpenAIErrorResponse(WireModel):
    """Body of every response that is not a 2xx."""

    error: OpenAIError


def _envelope(failure: Failure) -> Mapping[str, Any]:
    error = OpenAIError(
        message=failure.message,
        type=_TYPES.get(failure.kind, "invalid_request_error"),
        param=failure.param,
        code=failure.status,
    )
    return OpenAIErrorResponse(error=error).model_dump()


OPENAI = Dialect("openai", _envelope, OpenAIErrorResponse, {})
VLLM = Dialect("vllm", _envelope, OpenAIErrorResponse, {})
