"""Every route of ours, as one entry of MAX Serve's registry."""

from __future__ import annotations

from fastapi import APIRouter

from distilbert_sentiment_arch.serving import probes
from distilbert_sentiment_arch.serving.dialects import (
    openai_embeddings,
    openai_models,
    vllm_classify,
)

router = APIRouter()
router.include_router(probes.router)
router.include_router(vllm_classify.router)
router.include_router(openai_embeddings.router)
router.include_router(openai_models.router)
