"""Router with this package's endpoints, for MAX Serve's registry of routes."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from distilbert_sentiment_arch.serving.application import application_of
from distilbert_sentiment_arch.serving.disconnect import cancel_on_disconnect
from distilbert_sentiment_arch.serving.fastapi_routes import add_endpoints
from distilbert_sentiment_arch.serving.routing import respond

PROBES_OF_MAX = ("/v1/health", "/ping")


class ServedRouter(APIRouter):
    """Router that takes every request except MAX's probes, if MAX serves a model of this package.

    FastAPI uses its endpoints for the OpenAPI document only, because its own routing takes longer
    than an endpoint takes to respond.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Matches every path that is not a probe of MAX."""
        if scope["type"] != "http" or scope["path"] in PROBES_OF_MAX:
            return Match.NONE, {}
        return (Match.NONE if application_of(scope) is None else Match.FULL), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds to a request; the response may be 404 or 405."""
        app = application_of(scope)
        assert app is not None
        response = await cancel_on_disconnect(scope, receive, partial(respond, app))
        await response(scope, receive, send)


router = ServedRouter()
add_endpoints(router)
