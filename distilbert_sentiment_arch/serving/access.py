"""Paths that are not ours and need an API key all the same, where there are keys.

MAX's application and the lexicon server add documents and, the former, an administrator's routes
to what the dialects declare. With keys set, these tell a stranger more than a refusal does.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from distilbert_sentiment_arch.errors import Unauthorized
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.errors import failure_of

DOCUMENTS = ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")

ADMINISTRATION = (
    "/reset_prefix_cache",
    "/max_internal/eplb_stats",
    "/max_internal/eplb_stats_reset",
)


def refusal(app: Application, request: Request) -> Response | None:
    """Returns what refuses a request for one of these paths, None where it may pass."""
    path = request.url.path
    if path not in DOCUMENTS and path not in ADMINISTRATION:
        return None
    if path in DOCUMENTS and app.keys.open_documents:
        return None
    try:
        app.keys.check(request.headers.get("authorization"))
    except Unauthorized as error:
        return OPENAI.render(failure_of(error))
    return None
