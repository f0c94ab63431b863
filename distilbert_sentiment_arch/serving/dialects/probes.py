"""``GET /ready``, the readiness probe of orchestrators: 200 only if a canary request succeeds."""

from __future__ import annotations

from pydantic import Field

from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel

endpoints = Endpoints(OPENAI, "probes", probes=True)


class ReadyResponse(WireModel):
    """Result of the canary request."""

    ready: bool
    model: str
    reason: str
    latency_ms: float
    device: str | None = Field(
        description="What the model is computed on; null for a word list.", examples=["cpu"]
    )


@endpoints.get("/ready", ReadyResponse, failures={503: ReadyResponse})
async def ready(call: Call) -> ReadyResponse:
    """Classifies a canary text like any other text, with the model if there is one."""
    verdict = await call.app.ready()
    if not verdict.ready:
        call.status = 503
    return ReadyResponse(
        ready=verdict.ready,
        model=call.app.default.name,
        reason=verdict.reason,
        latency_ms=round(verdict.latency_ms, 3),
        device=call.app.device.computed if call.app.device else None,
    )
