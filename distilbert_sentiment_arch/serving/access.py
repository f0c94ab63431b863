"""API key check for paths outside the dialects: the OpenAPI document and MAX's admin routes.

MAX's application adds both to the endpoints of the dialects, and the lexicon server adds the
document. If API keys are set, these paths must not give information to callers without one.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from distilbert_sentiment_arch.errors import Unauthorized
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.errors import failure_of

DOCUMENTS = ("/docs", "/openapi.json")

ADMINISTRATION = (
    "/reset_prefix_cache",
    "/max_internal/eplb_stats",
    "/max_internal/eplb_stats_reset",
)


def refusal(app: Application, request: Request) -> Response | None:
    """Returns the response 401 for such a path without a valid key; None if the request may pass.

    Always None for other paths, which are checked by their endpoints.
    """
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
