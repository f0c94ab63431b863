"""Mounting of this package's routes and server parts into MAX Serve."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from max.serve import api_server

from distilbert_sentiment_arch.engine import model_config
from distilbert_sentiment_arch.engine.max_internals import child_processes, request_session
from distilbert_sentiment_arch.engine.max_internals.server_parts import replace_server_parts
from distilbert_sentiment_arch.lexicon.lexicon_classifier import check_labels
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.inside_max import routes, start_checks
from distilbert_sentiment_arch.serving.inside_max.server import SERVER_PARTS
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.settings.page import page_is_served


def mount() -> None:
    """Adds this package's routes to ``max.serve.api_server.ROUTES``, unless they are there.

    They come first and take every request except MAX's probes. MAX's own routes for text generation
    are of no use for a classifier, and would accept token ids that crash the worker.

    Raises:
        ConfigError: A limit, the API keys, the page's setting or the fallback are not valid.
        WordListError: A word list of the operator cannot be read.
        SystemExit: A port is in use, or there is no temporary directory; stderr states which.
    """
    Limits.from_environment()
    has_fallback = LexiconSettings.from_environment().fallback != "off"
    # Checked later: the labels are known after MAX has found the checkpoint, before it compiles.
    model_config.label_checks[:] = [check_labels] if has_fallback else []
    ApiKeys()
    page_is_served()
    start_checks.check()
    child_processes.install()
    request_session.install()
    replace_server_parts(SERVER_PARTS)
    registry: dict[Any, tuple[Any, ...]] = api_server.ROUTES
    for api, modules in registry.items():
        if routes not in modules:
            # Hidden, because MAX's routes would replace ours of the same path in the OpenAPI
            # document.
            hidden = (SimpleNamespace(router=_hidden(module.router)) for module in modules)
            registry[api] = (routes, *hidden)


def _hidden(router: Any) -> Any:
    from fastapi import APIRouter

    outer = APIRouter()
    outer.include_router(router, include_in_schema=False)
    return outer
