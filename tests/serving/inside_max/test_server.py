"""MAX's own application and uvicorn, as they are with our door and our protocol."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from max._entrypoints.cli.serve import serve_api_and_model_worker as entry
from max.serve import api_server
from starlette.testclient import TestClient

from distilbert_sentiment_arch.checkpoint.hf_config import ARCHITECTURE
from distilbert_sentiment_arch.serving.http_protocol import BoundedProtocol
from distilbert_sentiment_arch.serving.inside_max import server
from distilbert_sentiment_arch.settings.api_keys import ApiKeys


def built(monkeypatch: pytest.MonkeyPatch, architecture: str) -> FastAPI:
    def fastapi_app(settings: Any, serving_settings: Any) -> FastAPI:
        return FastAPI()

    monkeypatch.setattr(api_server, "fastapi_app", fastapi_app)
    models = SimpleNamespace(main_architecture_name=architecture)
    serving: Any = SimpleNamespace(pipeline_config=SimpleNamespace(models=models))
    settings: Any = None
    return server.fastapi_app(settings, serving)


def config_of(app: FastAPI) -> Any:
    settings: Any = SimpleNamespace(
        host="127.0.0.1", port=8000, graceful_shutdown_timeout_s=5, http_keepalive_timeout_s=120
    )
    return server.fastapi_config(app, settings)


def test_our_model_is_served_over_bounded_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(built(monkeypatch, ARCHITECTURE))
    assert isinstance(config.http, functools.partial)
    assert config.http.func is BoundedProtocol
    assert config.ws == "none"


def test_another_model_is_served_as_max_does(monkeypatch: pytest.MonkeyPatch) -> None:
    app = built(monkeypatch, "LlamaForCausalLM")
    assert config_of(app).http == "auto"
    assert not any(isinstance(route, server.KeyedPaths) for route in app.router.routes)


def test_documents_of_fastapi_s_own_wait_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    app = built(monkeypatch, ARCHITECTURE)
    app.state.serves_sentiment = True
    keys = ApiKeys({"MAX_SENTIMENT_API_KEYS": "secret"})
    app.state.sentiment = SimpleNamespace(keys=keys)
    client = TestClient(app)
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect", "/openapi.json"):
        assert client.get(path).status_code == 401
        allowed = client.get(path, headers={"Authorization": "Bearer secret"})
        assert allowed.status_code == 200


def test_max_serve_builds_its_server_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fastapi_app", "fastapi_config"):
        assert callable(getattr(entry, name))  # MAX has moved it, if this fails
        monkeypatch.setattr(entry, name, None)
    server.install()
    assert entry.fastapi_app is server.fastapi_app
    assert entry.fastapi_config is server.fastapi_config
