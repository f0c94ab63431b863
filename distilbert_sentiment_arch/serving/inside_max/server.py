"""MAX Serve's own application and uvicorn, with a door before its paths and bounded connections."""

from __future__ import annotations

from fastapi import FastAPI
from max._entrypoints.cli.serve import serve_api_and_model_worker as entry
from max.serve import api_server
from max.serve.api_server import ServingTokenGeneratorSettings
from max.serve.config import Settings
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send
from uvicorn import Config

from distilbert_sentiment_arch.checkpoint.hf_config import ARCHITECTURE
from distilbert_sentiment_arch.serving import access
from distilbert_sentiment_arch.serving.http_protocol import bounded_protocol
from distilbert_sentiment_arch.serving.inside_max.assembly import is_served
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.worker_threads import in_thread

DOCUMENT = "/openapi.json"


class KeyedPaths(BaseRoute):
    """Takes requests for paths of MAX's own that lack the API key they need.

    And those for the OpenAPI document, which FastAPI would make on the event loop, for half a
    second.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Takes what ``access`` refuses, and the document."""
        if scope["type"] != "http" or not is_served(scope):
            return Match.NONE, {}
        is_document = scope["path"] == DOCUMENT and scope["method"] == "GET"
        if is_document or access.refusal(Request(scope)):
            return Match.FULL, {}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers 401, or with the document."""
        response = access.refusal(Request(scope))
        if response is None:
            response = JSONResponse(await in_thread(0, scope["app"].openapi))
        await response(scope, receive, send)


def fastapi_app(settings: Settings, serving_settings: ServingTokenGeneratorSettings) -> FastAPI:
    """Builds MAX Serve's application; where it serves our model, with ``KeyedPaths`` first."""
    app = api_server.fastapi_app(settings, serving_settings)
    models = serving_settings.pipeline_config.models
    app.state.bounded = models.main_architecture_name == ARCHITECTURE
    if app.state.bounded:
        app.router.routes.insert(0, KeyedPaths())
    return app


def fastapi_config(app: FastAPI, server_settings: Settings) -> Config:
    """Builds MAX Serve's uvicorn configuration; where it serves our model, with our protocol."""
    config = api_server.fastapi_config(app, server_settings)
    if app.state.bounded:
        config.http = bounded_protocol(Limits.from_environment())
        config.ws = "none"
    return config


def install() -> None:
    """Has the command ``max serve`` build its server with these."""
    entry.fastapi_app = fastapi_app
    entry.fastapi_config = fastapi_config
