"""The replacement of MAX's request session, compared with MAX's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.testclient import TestClient
from max.serve import api_server
from max.serve import request as max_request
from max.serve.router._disconnect import ClientDisconnected
from max.serve.telemetry.stopwatch import StopWatch

from distilbert_sentiment_arch.engine.max_internals import request_session

Register = Callable[..., None]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []

    def count(status: int, path: str) -> None:
        found.append((status, path))

    monkeypatch.setattr(max_request.METRICS, "request_count", count)
    return found


def client(register: Register, **options: Any) -> TestClient:
    app = FastAPI()
    register(app, **options)

    @app.get("/answer")
    async def answer(request: Request) -> dict[str, object]:
        timer = request.state.request_timer
        return {"id": request.state.request_id, "timed": isinstance(timer, StopWatch)}

    @app.get("/refusal")
    async def refusal() -> None:
        raise HTTPException(422, "no")

    @app.get("/failure")
    async def failure() -> None:
        raise RuntimeError("secret")

    @app.get("/gone")
    async def gone() -> None:
        raise ClientDisconnected()

    @app.get("/health")
    async def health() -> None:
        pass

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("register", [request_session.register, max_request.register_request])
def test_request_ids_times_and_counts_are_those_of_max(
    register: Register, counted: list[tuple[int, str]]
) -> None:
    server = client(register)
    answer = server.get("/answer")
    assert answer.json() == {"id": answer.headers["X-Request-ID"], "timed": True}
    assert len(answer.headers["X-Request-ID"]) == 32
    bad = [("/refusal", 422), ("/nowhere", 404), ("/gone", 499), ("/failure", 500)]
    for path, status in bad:
        response = server.get(path)
        assert response.status_code == status
        assert len(response.headers["X-Request-ID"]) == 32
    assert response.json()["error"]["message"] == "Internal server error."
    assert "secret" not in response.text
    server.get("/health")
    assert counted == [(200, "/answer"), *((status, path) for path, status in bad)]


def test_request_ids_differ() -> None:
    server = client(request_session.register)
    assert len({server.get("/answer").headers["X-Request-ID"] for _ in range(5)}) == 5


def test_max_s_own_session_is_used_if_its_logs_contain_the_request_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own: list[bool] = []

    def register(app: FastAPI, *, structured_logging: bool) -> None:
        own.append(structured_logging)

    monkeypatch.setattr(request_session, "register_request", register)
    client(request_session.register, structured_logging=True)
    monkeypatch.setattr(request_session, "_tracing_enabled", lambda: True)
    client(request_session.register)
    assert own == [True, False]


def test_max_serve_builds_its_application_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_server, "register_request", max_request.register_request)
    request_session.install()
    assert api_server.register_request is request_session.register
