"""Every route of ours, as one entry of MAX Serve's registry."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope

from distilbert_sentiment_arch.serving import probes
from distilbert_sentiment_arch.serving.dialects import (
    kserve_v1,
    kserve_v2,
    openai_decisions,
    openai_embeddings,
    openai_models,
    tei_predict,
    vllm_classify,
)
from distilbert_sentiment_arch.serving.served import is_served


class ServedRouter(APIRouter):
    """Takes no request while MAX serves another model than ours."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leaves every path to MAX where the model is not ours."""
        return super().matches(scope) if is_served(scope) else (Match.NONE, {})


router = ServedRouter()
for each in (
    probes.router,
    vllm_classify.router,
    openai_decisions.router,
    openai_embeddings.router,
    tei_predict.router,
    # Before openai_models: its path takes everything under /v1/models/.
    kserve_v1.router,
    openai_models.router,
    kserve_v2.probes,
    kserve_v2.router,
):
    router.include_router(each)
