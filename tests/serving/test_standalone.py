"""The lexicon server's application: API keys, names in any script, and error responses."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.standalone.routes import lexicon_app
from distilbert_sentiment_arch.serving.standalone.server import assemble
from distilbert_sentiment_arch.serving.standalone.telemetry import LocalTelemetry
from distilbert_sentiment_arch.settings.defaults import DEFAULT_NAME

LABELS = LabelSet(("NEGATIVE", "POSITIVE"), "single_label_classification")
DOCUMENTS = ("/docs", "/openapi.json")


def client(monkeypatch: pytest.MonkeyPatch, **environment: str) -> TestClient:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    telemetry = LocalTelemetry("127.0.0.1", 0, 0)
    application = assemble(DEFAULT_NAME, LABELS, LexiconSettings.from_environment(), telemetry)
    return TestClient(lexicon_app(application, 100_000), raise_server_exceptions=False)


def test_keys_are_checked_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch, MAX_SENTIMENT_API_KEYS="secret")
    for path in (*DOCUMENTS, "/nothing", "/classify", "/v1/models"):
        refused = server.get(path)
        assert (refused.status_code, set(refused.json())) == (401, {"error"})
        answer = server.get(path, headers={"Authorization": "Bearer secret"})
        assert answer.status_code == {"/nothing": 404, "/classify": 405}.get(path, 200)
    for path in ("/health", "/ping", "/version", "/ready", "/v2/health/live"):
        assert server.get(path).status_code == 200


def test_documentation_may_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"MAX_SENTIMENT_API_KEYS": "secret", "MAX_SENTIMENT_DOCUMENTS": "open"}
    server = client(monkeypatch, **settings)
    for path in DOCUMENTS:
        assert server.get(path).status_code == 200
    assert server.get("/v1/models").status_code == 401


@pytest.mark.parametrize("name", ["感情", "sentiment-de 100%", "Ελληνικά", "a\u00e9\u3042"])
def test_a_word_list_may_have_a_name_in_any_script(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / f"{name}.txt").write_text("gut\t3\n", encoding="utf-8")
    server = client(
        monkeypatch,
        MAX_SENTIMENT_WORD_LISTS=str(tmp_path / f"{name}.txt"),
        MAX_SENTIMENT_LEXICON=name,
    )
    for model in (name, DEFAULT_NAME):
        answer = server.post("/classify", json={"model": model, "input": "gut"})
        assert answer.status_code == 200
        assert answer.json()["model"] == name
        header = answer.headers["X-Sentiment-Lexicon"]
        assert header.isascii()
        assert unquote(header) == name
    assert server.get("/ready").status_code == 200
    assert name in [each["id"] for each in server.get("/v1/models").json()["data"]]


def test_every_exception_becomes_an_error_response(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch)
    monkeypatch.setattr(
        "distilbert_sentiment_arch.serving.observation.Observation.headers", lambda _: {"a": "感"}
    )
    answer = server.post("/predict", json={"inputs": "good"})
    assert answer.status_code == 424
    assert answer.json()["error_type"] == "Backend"


def test_pairs_are_for_a_model_that_may_be_up_later(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch)
    body = {"text_1": "good", "text_2": "better"}
    for model in (None, DEFAULT_NAME):
        absent = server.post("/score", json={**body, "model": model})
        assert (absent.status_code, absent.headers["Retry-After"]) == (503, "5")
    word_list = server.post("/score", json={**body, "model": "afinn-111"})
    assert word_list.status_code == 400
    assert "word list" in word_list.json()["error"]["message"]
