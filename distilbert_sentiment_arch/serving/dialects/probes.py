"""``GET /ready`` for orchestrators: 200 only while the server answers as it should."""

from __future__ import annotations

from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import WireModel

endpoints = Endpoints(OPENAI, "probes", probes=True)


class ReadyResponse(WireModel):
    """The verdict of the canary."""

    ready: bool
    model: str
    reason: str
    latency_ms: float


@endpoints.get("/ready", ReadyResponse, failures={503: ReadyResponse})
async def ready(call: Call) -> ReadyResponse:
    """Sends a canary text the way of any other text, through the model where there is one."""
    verdict = await call.app.ready()
    if not verdict.ready:
        call.status = 503
    return ReadyResponse(
        ready=verdict.ready,
        model=call.app.default.name,
        reason=verdict.reason,
        latency_ms=round(verdict.latency_ms, 3),
    )
