"""Request middleware of MAX Serve, without a second task and a stream for each request."""

from __future__ import annotations

import logging
import os

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from max.serve import api_server
from max.serve._error_envelope import openai_error_body
from max.serve.request import _should_count_request, register_request
from max.serve.router._disconnect import CLIENT_CLOSED_REQUEST, ClientDisconnected
from max.serve.telemetry.common import _tracing_enabled
from max.serve.telemetry.metrics import METRICS
from max.serve.telemetry.stopwatch import StopWatch
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("max.serve")


class RequestSession:
    """Names, times and counts requests, as ``max.serve.request.register_request`` does.

    MAX's own is a function around a function, which Starlette serves by a task and a stream of the
    response for each request: a quarter of the time that the API process has for one.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; a failure that nobody caught with 500, in the shape of OpenAI's."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = os.urandom(16).hex()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["request_timer"] = StopWatch()
        status = 500
        started = False

        async def named(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                started = True
                status = message["status"]
                name = (b"x-request-id", request_id.encode())
                message["headers"] = [*message.get("headers", ()), name]
            await send(message)

        try:
            await self._app(scope, receive, named)
        except ClientDisconnected:  # of MAX's own routes, where it serves another model
            if started:
                raise
            logger.info("Client disconnected; cancelled request %s", request_id)
            await Response(status_code=CLIENT_CLOSED_REQUEST)(scope, receive, named)
        except Exception:
            if started:
                raise
            logger.exception("Exception in request session : %s", request_id)
            failure = JSONResponse(openai_error_body(500, "Internal server error."), 500)
            await failure(scope, receive, named)
        finally:
            if _should_count_request(scope["path"]):
                METRICS.request_count(status, scope["path"])


def is_ours(structured_logging: bool) -> bool:
    """Whether this is used in place of MAX's own: where no spans or structured logs are wanted."""
    return not (_tracing_enabled() or structured_logging)


def register(app: FastAPI, *, structured_logging: bool = False) -> None:
    """Takes the place of ``register_request``."""
    if is_ours(structured_logging):
        app.add_middleware(RequestSession)
    else:
        register_request(app, structured_logging=structured_logging)


def install() -> None:
    """Has MAX Serve build its application with ``register``."""
    api_server.register_request = register
