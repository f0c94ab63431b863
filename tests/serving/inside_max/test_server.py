"""MAX's own application and uvicorn, with our keys and our protocol."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from max.serve import api_server
from starlette.testclient import TestClient

from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.serving.application import application_of
from distilbert_sentiment_arch.serving.http_protocol import BoundedProtocol
from distilbert_sentiment_arch.serving.inside_max import server
from distilbert_sentiment_arch.serving.inside_max.entry import Entry
from distilbert_sentiment_arch.serving.inside_max.worker_transport import WorkerTransport
from distilbert_sentiment_arch.settings.api_keys import ApiKeys


def built(monkeypatch: pytest.MonkeyPatch, architecture: str) -> FastAPI:
    def fastapi_app(settings: Any, serving_settings: Any) -> FastAPI:
        return FastAPI()

    monkeypatch.setattr(api_server, "fastapi_app", fastapi_app)
    models = SimpleNamespace(main_architecture_name=architecture)
    serving: Any = SimpleNamespace(pipeline_config=SimpleNamespace(models=models))
    settings: Any = None
    return server.fastapi_app(settings, serving)


def config_of(app: FastAPI, recording: str | None = None) -> Any:
    settings: Any = SimpleNamespace(
        host="127.0.0.1",
        port=8000,
        graceful_shutdown_timeout_s=5,
        http_keepalive_timeout_s=120,
        transaction_recording_file=recording,
        structured_logging=False,
        max_request_bytes=1000,
    )
    return server.fastapi_config(app, settings)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_our_models_are_served_over_bounded_connections(
    monkeypatch: pytest.MonkeyPatch, architecture: str
) -> None:
    config = config_of(built(monkeypatch, architecture))
    assert isinstance(config.http, functools.partial)
    assert config.http.func is BoundedProtocol
    assert config.ws == "none"


def test_another_model_is_served_as_max_does(monkeypatch: pytest.MonkeyPatch) -> None:
    app = built(monkeypatch, "LlamaForCausalLM")
    assert config_of(app).http == "auto"
    assert not any(isinstance(route, server.ProtectedPaths) for route in app.router.routes)


def test_fastapi_s_own_documentation_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    app = built(monkeypatch, next(iter(FAMILIES)))
    keys = ApiKeys({"MAX_SENTIMENT_API_KEYS": "secret"})
    app.state.sentiment = SimpleNamespace(keys=keys)
    client = TestClient(app)
    key = {"Authorization": "Bearer secret"}
    assert client.get("/openapi.json").status_code == 401
    assert client.get("/openapi.json", headers=key).status_code == 200
    assert client.get("/docs").status_code == 401


def test_pages_of_fastapi_s_that_load_scripts_from_elsewhere_are_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = built(monkeypatch, next(iter(FAMILIES)))
    app.state.sentiment = SimpleNamespace(keys=ApiKeys({}))
    client = TestClient(app)
    for path in server.FASTAPI_PAGES:
        assert client.get(path).status_code == 404  # without the router of our endpoints
    assert TestClient(built(monkeypatch, "LlamaForCausalLM")).get("/redoc").status_code == 200


def test_requests_are_recorded_by_max_where_that_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = built(monkeypatch, next(iter(FAMILIES)))
    assert isinstance(config_of(app).app, Entry)
    assert config_of(app, recording="requests.jsonl").app is app


def test_the_application_exists_while_max_serve_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    worker = SimpleNamespace(batch_socket=ours)
    pipeline = SimpleNamespace(model_worker=worker, model_name="a")

    @asynccontextmanager
    async def lifespan(app: FastAPI, *arguments: Any) -> AsyncIterator[None]:
        app.state.pipeline = pipeline
        yield

    labels = LabelSet(("a", "b"), "single_label_classification")
    monkeypatch.setattr(api_server, "lifespan", lifespan)
    monkeypatch.setattr(api_server, "ZmqModelWorkerInterface", None)
    monkeypatch.setattr(server, "labels_of", lambda pipeline, config: labels)
    monkeypatch.setattr(server, "assemble", lambda *arguments: arguments)

    async def states(architecture: str) -> Any:
        models = SimpleNamespace(main_architecture_name=architecture)
        config = SimpleNamespace(models=models)
        serving: Any = SimpleNamespace(pipeline_config=config)
        settings: Any = SimpleNamespace(disable_telemetry=True)
        app = FastAPI()
        async with server.lifespan(app, settings, serving, "ipc"):
            return application_of({"app": app}), config

    with ours, theirs:
        found, config = asyncio.run(states(next(iter(FAMILIES))))
        assert found[:2] == (pipeline, config)
        assert isinstance(found[2], WorkerTransport)
        assert theirs.recv(1) == b""  # the connection ends with the server
    assert asyncio.run(states("LlamaForCausalLM"))[0] is None
