"""What both versions of KServe's protocol share: the error envelope, and our one parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from distilbert_sentiment_arch.classification import Truncation, TruncationMode
from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.errors import Failure


class KServeErrorResponse(BaseModel):
    """Body of every response that is not a 2xx."""

    error: str


def _envelope(failure: Failure) -> Mapping[str, Any]:
    return KServeErrorResponse(error=failure.message).model_dump()


KSERVE_V1 = Dialect("kserve-v1", _envelope, KServeErrorResponse, {})
KSERVE_V2 = Dialect("kserve-v2", _envelope, KServeErrorResponse, {})


class KServeParameters(BaseModel):
    """Ours: how to read texts over the limit. Parameters of other servers are ignored."""

    truncation: TruncationMode | None = None


def truncation_of(parameters: KServeParameters | None) -> Truncation | None:
    """Returns what is asked of texts over the limit, in our own terms."""
    mode = parameters.truncation if parameters else None
    return Truncation(mode) if mode else None
