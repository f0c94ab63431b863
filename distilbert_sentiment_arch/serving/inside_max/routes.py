"""Our endpoints as one entry of MAX Serve's registry."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from distilbert_sentiment_arch.serving.application import application_of
from distilbert_sentiment_arch.serving.fastapi_routes import add_endpoints
from distilbert_sentiment_arch.serving.hang_up import unless_hung_up
from distilbert_sentiment_arch.serving.routing import respond

PROBES_OF_MAX = ("/v1/health", "/ping")


class ServedRouter(APIRouter):
    """Takes every request but MAX's probes, and none while MAX serves another model than ours.

    FastAPI reads the endpoints for the OpenAPI document; its way to them takes longer than theirs
    to an answer.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Takes every path that is not a probe of MAX."""
        if scope["type"] != "http" or scope["path"] in PROBES_OF_MAX:
            return Match.NONE, {}
        return (Match.NONE if application_of(scope) is None else Match.FULL), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, 404 and 405 among others."""
        app = application_of(scope)
        assert app is not None
        response = await unless_hung_up(scope, receive, partial(respond, app))
        await response(scope, receive, send)


router = ServedRouter()
add_endpoints(router)
