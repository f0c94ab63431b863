"""Entry to the server: requests of this package's endpoints go past MAX's middleware.

MAX's application has six layers between a connection and an endpoint, which take as long as the
endpoint itself. Where the length of a body is known before it arrives, an endpoint needs none of
them: it answers its own errors.
"""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from distilbert_sentiment_arch.engine.max_internals.request_session import RequestSession
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.disconnect import cancel_on_disconnect
from distilbert_sentiment_arch.serving.endpoint import Endpoint
from distilbert_sentiment_arch.serving.routing import find


class Entry:
    """ASGI application in front of MAX's.

    Args:
        app: MAX's application, whose state has ours.
        outer: The same with what uvicorn puts around it; it answers all other requests.
        max_body_bytes: Most bytes of a body; 0 for no limit.
    """

    def __init__(self, app: FastAPI, outer: ASGIApp, max_body_bytes: int) -> None:
        self._state = app.state
        self._outer = outer
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        application: Application | None = getattr(self._state, "sentiment", None)
        if application is not None and scope["type"] == "http" and self._has_known_length(scope):
            endpoint = find(scope)
            if endpoint is not None:
                session = RequestSession(_Answer(application, endpoint))
                await session(scope, receive, send)
                return
        await self._outer(scope, receive, send)

    def _has_known_length(self, scope: Scope) -> bool:
        """Whether the body is no longer than allowed; the parser stops at the length given."""
        length = 0
        for name, value in scope["headers"]:
            if name == b"transfer-encoding":
                return False
            if name == b"content-length":
                length = int(value)
        return not self._max_body_bytes or length <= self._max_body_bytes


class _Answer:
    """ASGI application of one endpoint.

    Args:
        application: Ours.
        endpoint: The endpoint.
    """

    def __init__(self, application: Application, endpoint: Endpoint) -> None:
        self._respond = partial(endpoint.respond, application)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await cancel_on_disconnect(scope, receive, self._respond)
        await response(scope, receive, send)
