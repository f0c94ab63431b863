"""How our routes get into MAX Serve: through its own registry, ahead of its own routes."""

from __future__ import annotations

from max.serve import api_server
from max.serve.config import APIType

from distilbert_sentiment_arch.serving import routes


def mount() -> None:
    """Puts our routes first in ``max.serve.api_server.ROUTES``; once, however often it is called.

    Where a path is MAX's too (``/v1/embeddings``, ``/v1/models``), ours answers.
    """
    registered = api_server.ROUTES[APIType.OPENAI]
    if routes not in registered:
        api_server.ROUTES[APIType.OPENAI] = (routes, *registered)
