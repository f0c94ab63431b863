"""Starlette application of the lexicon server.

Starlette starts in a fraction of the time that FastAPI needs.
"""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distilbert_sentiment_arch.serving import access
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.routing import respond
from distilbert_sentiment_arch.settings.defaults import VERSION
from distilbert_sentiment_arch.worker_threads import in_thread

PROBES = ("/health", "/v1/health", "/ping")
"""Liveness probes, the same paths as in MAX Serve."""


def lexicon_app(application: Application, max_body_bytes: int) -> ASGIApp:
    """Returns the server's ASGI application.

    Args:
        application: The application.
        max_body_bytes: Maximum bytes of a request's body; a larger one is answered 413.
    """
    routes: list[BaseRoute] = [Route(path, _alive) for path in PROBES]
    routes += [
        Route("/version", _version),
        Route("/openapi.json", _openapi),
        _EndpointRoute(application),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return _RequestMiddleware(app, application, max_body_bytes)


async def _alive(request: Request) -> Response:
    return PlainTextResponse("")


async def _version(request: Request) -> Response:
    return JSONResponse({"version": VERSION})


async def _openapi(request: Request) -> Response:
    # In a thread: importing FastAPI and making the document take a quarter of a second.
    return JSONResponse(await in_thread(0, _document))


@cache
def _document() -> dict[str, Any]:
    from fastapi import FastAPI

    from distilbert_sentiment_arch.serving.fastapi_routes import add_endpoints

    app = FastAPI(title="max-sentiment", version=VERSION)
    add_endpoints(app.router)
    return app.openapi()


class _EndpointRoute(BaseRoute):
    """Route for every path that no earlier route matched."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await respond(self._application, Request(scope, receive, send))
        await response(scope, receive, send)


class _RequestMiddleware:
    """Middleware that gives every request an id and limits its body, as MAX Serve does."""

    def __init__(self, app: Starlette, application: Application, max_body_bytes: int) -> None:
        self._app = app
        self._application = application
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        if refusal := access.refusal(self._application, Request(scope)):
            await refusal(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body_bytes:
                raise HTTPException(
                    413, f"The body is larger than {self._max_body_bytes} bytes. Send less."
                )
            return message

        async def identified(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        await self._app(scope, bounded, identified)
