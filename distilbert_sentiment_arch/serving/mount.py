"""How our routes get into MAX Serve: through its own registry, ahead of its own routes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from max.serve import api_server

from distilbert_sentiment_arch.api_keys import server_keys
from distilbert_sentiment_arch.limits import Limits
from distilbert_sentiment_arch.serving import routes
from distilbert_sentiment_arch.serving.unmatched import Unmatched


def mount() -> None:
    """Puts our routes into ``max.serve.api_server.ROUTES``; once, however often it is called.

    Ours come first, then one that answers whatever they left but MAX's probes: MAX's routes for
    generation have nothing to generate with here, and would take token ids that end the worker.

    Raises:
        ConfigError: A limit or the API keys are not what they should be.
    """
    Limits.from_environment()
    server_keys()
    registry: dict[Any, tuple[Any, ...]] = api_server.ROUTES
    for api, modules in registry.items():
        if routes not in modules:
            # Hidden, because the OpenAPI document would list them over ours of the same path.
            hidden = (SimpleNamespace(router=_hidden(module.router)) for module in modules)
            unmatched = SimpleNamespace(router=Unmatched(routes.router))
            registry[api] = (routes, unmatched, *hidden)


def _hidden(router: Any) -> Any:
    from fastapi import APIRouter

    outer = APIRouter()
    outer.include_router(router, include_in_schema=False)
    return outer
