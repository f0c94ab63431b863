"""``GET /ready`` for orchestrators: 200 only while the model answers."""

from __future__ import annotations

from fastapi import Response
from pydantic import BaseModel

from distilbert_sentiment_arch.serving.application import CurrentApplication
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI

router = OPENAI.router(probes=True)


class ReadyResponse(BaseModel):
    """The verdict of the canary."""

    ready: bool
    model: str
    reason: str
    latency_ms: float


@router.get("/ready", responses={503: {"model": ReadyResponse}}, tags=["probes"])
async def ready(app: CurrentApplication, response: Response) -> ReadyResponse:
    """Sends a canary text through tokenizer, queue, worker and graph."""
    verdict = await app.readiness.check()
    if not verdict.ready:
        response.status_code = 503
    return ReadyResponse(
        ready=verdict.ready,
        model=app.classifier.name,
        reason=verdict.reason,
        latency_ms=round(verdict.latency_ms, 3),
    )
