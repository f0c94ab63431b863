"""List of all endpoints of this package."""

from __future__ import annotations

from itertools import chain

from distilbert_sentiment_arch.serving.dialects import (
    explain,
    kserve_v1,
    kserve_v2,
    lexicon_classify,
    openai_decisions,
    openai_embeddings,
    openai_models,
    probes,
    tei_predict,
    tei_rerank,
    vllm_classify,
    vllm_rerank,
    vllm_score,
)

ENDPOINTS = tuple(
    chain(
        probes.endpoints,
        vllm_classify.endpoints,
        explain.endpoints,
        openai_decisions.endpoints,
        openai_embeddings.endpoints,
        tei_predict.endpoints,
        tei_rerank.endpoints,
        vllm_rerank.endpoints,
        vllm_score.endpoints,
        lexicon_classify.endpoints,
        # Before openai_models: its path takes everything under /v1/models/.
        kserve_v1.endpoints,
        openai_models.endpoints,
        kserve_v2.probes,
        kserve_v2.endpoints,
    )
)
"""All endpoints, in the order in which a request is matched with them."""
