"""Replacements for parts of MAX Serve: application, uvicorn configuration and lifespan.

They add this package's application, API keys and limits on connections.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from max.serve import api_server
from max.serve.api_server import ServingTokenGeneratorSettings
from max.serve.config import Settings
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from uvicorn import Config

from distilbert_sentiment_arch.engine.max_internals.server_parts import ServerParts
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.serving import access
from distilbert_sentiment_arch.serving.application import application_of
from distilbert_sentiment_arch.serving.http_protocol import bounded_protocol
from distilbert_sentiment_arch.serving.inside_max.assembly import assemble
from distilbert_sentiment_arch.serving.inside_max.metrics_port import metrics_port
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.worker_threads import in_thread

DOCUMENT = "/openapi.json"


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
    """Creates MAX Serve's application, with ``ProtectedPaths`` first if it serves our model."""
    app = api_server.fastapi_app(settings, serving_settings)
    app.state.bounded = is_ours(serving_settings)
    if app.state.bounded:
        app.router.routes.insert(0, ProtectedPaths())
    return app


def fastapi_config(app: FastAPI, server_settings: Settings) -> Config:
    """Creates MAX Serve's uvicorn configuration, with our protocol if it serves our model."""
    config = api_server.fastapi_config(app, server_settings)
    if app.state.bounded:
        config.http = bounded_protocol(Limits.from_environment())
        config.ws = "none"
    return config


@asynccontextmanager
async def lifespan(
    app: FastAPI,
    settings: Settings,
    serving_settings: ServingTokenGeneratorSettings,
    zmq_endpoint_base: str,
) -> AsyncIterator[None]:
    """Runs MAX Serve's model worker, and assembles our application if it serves our model."""
    async with (
        metrics_port(settings),
        api_server.lifespan(app, settings, serving_settings, zmq_endpoint_base),
    ):
        if is_ours(serving_settings):
            app.state.sentiment = assemble(app.state.pipeline, serving_settings.pipeline_config)
        yield


SERVER_PARTS = ServerParts(fastapi_app, fastapi_config, lifespan)
