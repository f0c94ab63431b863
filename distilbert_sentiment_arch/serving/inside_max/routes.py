"""The endpoints as one entry of MAX Serve's registry."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from distilbert_sentiment_arch.serving.fastapi_routes import add_endpoints
from distilbert_sentiment_arch.serving.inside_max.assembly import is_served
from distilbert_sentiment_arch.serving.unmatched import unmatched

PROBES_OF_MAX = ("/v1/health", "/ping")


class ServedRouter(APIRouter):
    """Takes no request while MAX serves another model than ours."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leaves every path to MAX where the model is not ours."""
        return super().matches(scope) if is_served(scope) else (Match.NONE, {})


class UnmatchedRouter(APIRouter):
    """Takes what is left once our endpoints had their turn, but for MAX's own probes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Takes every path that is not a probe of MAX."""
        if scope["type"] != "http" or scope["path"] in PROBES_OF_MAX or not is_served(scope):
            return Match.NONE, {}
        return Match.FULL, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 404 or 405."""
        await unmatched(Request(scope, receive))(scope, receive, send)


router = ServedRouter()
add_endpoints(router)
