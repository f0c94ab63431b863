"""Error responses of both versions of KServe's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distilbert_sentiment_arch.serving.dialect import Dialect
from distilbert_sentiment_arch.serving.errors import Failure
from distilbert_sentiment_arch.serving.wire import WireModel


class KServeErrorResponse(WireModel):
    """Body of every response that is not a 2xx."""

    error: str


def _envelope(failure: Failure) -> Mapping[str, Any]:
    return KServeErrorResponse(error=failure.message).model_dump()


KSERVE_V1 = Dialect("kserve-v1", _envelope, KServeErrorResponse, {})
KSERVE_V2 = Dialect("kserve-v2", _envelope, KServeErrorResponse, {})
