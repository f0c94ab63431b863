"""Which model MAX serves: the plugin may be loaded beside another one."""

from __future__ import annotations

from typing import cast

from starlette.types import Scope

from distilbert_sentiment_arch.checkpoint.hf_config import ARCHITECTURE


def is_served(scope: Scope) -> bool:
    """Whether the application behind a request serves one of our classifiers."""
    state = scope["app"].state
    if not hasattr(state, "serves_sentiment"):
        served = state.pipeline_config.models.main_architecture_name == ARCHITECTURE
        state.serves_sentiment = served
    return cast(bool, state.serves_sentiment)
