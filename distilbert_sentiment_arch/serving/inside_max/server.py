"""Replacements for parts of MAX Serve: application, uvicorn configuration and lifespan.

They add this package's application, API keys and limits on connections.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from max.serve import api_server
from max.serve.api_server import ServingTokenGeneratorSettings
from max.serve.config import Settings
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from distilbert_sentiment_arch.engine import precision_report
from distilbert_sentiment_arch.engine.max_internals import request_session, worker_interface
from distilbert_sentiment_arch.engine.max_internals.server_parts import ServerParts
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.last_start import process_age_s, record_later
from distilbert_sentiment_arch.serving import access
from distilbert_sentiment_arch.serving.application import application_of
from distilbert_sentiment_arch.serving.http_protocol import bounded_protocol
from distilbert_sentiment_arch.serving.inside_max.announcement import announce
from distilbert_sentiment_arch.serving.inside_max.assembly import assemble, labels_of
from distilbert_sentiment_arch.serving.inside_max.entry import Entry
from distilbert_sentiment_arch.serving.inside_max.metrics_port import metrics_port
from distilbert_sentiment_arch.serving.inside_max.worker_transport import worker_transport
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.worker_threads import in_thread

DOCUMENT = "/openapi.json"

FASTAPI_PAGES = ("/docs", "/docs/oauth2-redirect", "/redoc")
"""Pages of FastAPI's that load scripts from elsewhere; ``/docs`` is ours."""


class ProtectedPaths(BaseRoute):
    """Route that refuses requests without an API key for MAX's own paths.

    It also serves the OpenAPI document, which FastAPI would make on the event loop, blocking it for
    half a second.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Matches requests that ``access`` refuses, and the OpenAPI document."""
        app = application_of(scope) if scope["type"] == "http" else None
        if app is None:
            return Match.NONE, {}
        is_document = scope["path"] == DOCUMENT and scope["method"] == "GET"
        if is_document or access.refusal(app, Request(scope)):
            return Match.FULL, {}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Responds with 401 or with the document."""
        app = application_of(scope)
        assert app is not None
        response = access.refusal(app, Request(scope))
        if response is None:
            response = JSONResponse(await in_thread(0, scope["app"].openapi))
        await response(scope, receive, send)


def is_ours(serving_settings: ServingTokenGeneratorSettings) -> bool:
    """Whether MAX serves a model of this package, which may be loaded without being used."""
    return serving_settings.pipeline_config.models.main_architecture_name in FAMILIES


def fastapi_app(settings: Settings, serving_settings: ServingTokenGeneratorSettings) -> FastAPI:
    """Creates MAX Serve's application.

    If it serves our model, ``ProtectedPaths`` comes first, and FastAPI's own pages are gone.
    """
    app = api_server.fastapi_app(settings, serving_settings)
    app.state.bounded = is_ours(serving_settings)
    if app.state.bounded:
        kept = [
            each for each in app.router.routes if getattr(each, "path", None) not in FASTAPI_PAGES
        ]
        app.router.routes[:] = [ProtectedPaths(), *kept]
    return app


def fastapi_config(app: FastAPI, server_settings: Settings) -> Config:
    """Creates MAX Serve's uvicorn configuration, with our protocol if it serves our model."""
    config = api_server.fastapi_config(app, server_settings)
    if app.state.bounded:
        config.http = bounded_protocol(Limits.from_environment())
        config.ws = "none"
        recorded = server_settings.transaction_recording_file is not None
        if not recorded and request_session.is_ours(server_settings.structured_logging):
            max_app: Any = app
            outer: Any = ProxyHeadersMiddleware(max_app, config.forwarded_allow_ips)
            config.app = Entry(app, outer, server_settings.max_request_bytes)
            config.proxy_headers = False
    return config


@asynccontextmanager
async def lifespan(
    app: FastAPI,
    settings: Settings,
    serving_settings: ServingTokenGeneratorSettings,
    zmq_endpoint_base: str,
) -> AsyncIterator[None]:
    """Runs MAX Serve's model worker, and assembles our application if it serves our model."""
    ours = is_ours(serving_settings)
    imported_s = process_age_s()
    if ours:
        worker_interface.install()
        precision_report.expect()
    async with (
        metrics_port(settings),
        api_server.lifespan(app, settings, serving_settings, zmq_endpoint_base),
    ):
        if not ours:
            yield
            return
        pipeline, config = app.state.pipeline, serving_settings.pipeline_config
        connection = worker_interface.batch_socket(pipeline.model_worker)
        labels = labels_of(pipeline, config)
        async with worker_transport(connection, len(labels)) as transport:
            app.state.sentiment = assemble(pipeline, config, transport)
            record_later(pipeline.model_name, imported_s)
            await announce(settings)
            yield


SERVER_PARTS = ServerParts(fastapi_app, fastapi_config, lifespan)
