"""The entry: which requests go past MAX's middleware, and what they keep of it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from max.serve import request as max_request
from starlette.testclient import TestClient

from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.inside_max.entry import Entry
from distilbert_sentiment_arch.serving.standalone.server import assemble
from distilbert_sentiment_arch.serving.standalone.telemetry import LocalTelemetry

LABELS = LabelSet(("NEGATIVE", "POSITIVE"), "single_label_classification")
BODY = {"input": "a good film"}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []

    def count(status: int, path: str) -> None:
        found.append((status, path))

    monkeypatch.setattr(max_request.METRICS, "request_count", count)
    return found


def client(*, max_body_bytes: int = 0, serving: bool = True) -> TestClient:
    """Returns a client of an entry whose application answers everything with "of MAX"."""
    app = FastAPI()
    if serving:
        telemetry = LocalTelemetry("127.0.0.1", 0, 0)
        settings = LexiconSettings.from_environment({})
        app.state.sentiment = assemble("model", LABELS, settings, telemetry)

    async def of_max(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("of MAX")(scope, receive, send)

    return TestClient(Entry(app, of_max, max_body_bytes))


def test_endpoints_are_answered_named_and_counted(counted: list[tuple[int, str]]) -> None:
    server = client(max_body_bytes=1000)
    answers = [server.post("/classify", json=BODY) for _ in range(2)]
    assert [each.json()["data"][0]["label"] for each in answers] == ["POSITIVE", "POSITIVE"]
    ids = [each.headers["X-Request-ID"] for each in answers]
    assert [each.json()["id"] for each in answers] == [f"classify-{each}" for each in ids]
    assert len(set(ids)) == 2
    assert server.get("/v1/models/afinn-111").json()["id"] == "afinn-111"
    assert server.post("/classify", json={}).status_code == 400
    assert counted == [
        (200, "/classify"),
        (200, "/classify"),
        (200, "/v1/models/afinn-111"),
        (400, "/classify"),
    ]


@pytest.mark.parametrize("path", ["/nothing", "/health", "/openapi.json", "/classify"])
def test_what_no_endpoint_takes_goes_to_max(path: str) -> None:
    assert client().get(path).text == "of MAX"


def test_a_body_over_the_limit_or_of_unknown_length_goes_to_max() -> None:
    server = client(max_body_bytes=40)
    assert server.post("/classify", json=BODY).status_code == 200
    assert server.post("/classify", json={"input": "good " * 9}).text == "of MAX"
    assert server.post("/classify", content=iter([b'{"input": ', b'"good"}'])).text == "of MAX"


def test_before_the_model_is_ready_everything_goes_to_max() -> None:
    assert client(serving=False).post("/classify", json=BODY).text == "of MAX"
