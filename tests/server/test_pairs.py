"""Requests about pairs to a model and word lists that cannot answer them, which say so."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_process import Server

pytestmark = pytest.mark.slow

MODEL = "distilbert-minilm-l6-sst2"
RERANK = {"query": "good", "documents": ["better", "worse"]}
LABELS = {"candidate_labels": ["travel", "cooking"]}

REQUESTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/rerank", {"query": "good", "texts": ["better", "worse"]}),
    ("/rerank", RERANK),
    ("/v1/rerank", RERANK),
    ("/v2/rerank", RERANK),
    ("/score", {"text_1": "good", "text_2": "better"}),
    ("/v1/score", {"text_1": "good", "text_2": ["better", "worse"]}),
    ("/classify", {"input": "good", **LABELS}),
    ("/v1/classify", {"input": ["good", "bad"], **LABELS}),
    ("/predict", {"inputs": "good", "parameters": LABELS}),
)


requests = pytest.mark.parametrize(("path", "body"), REQUESTS)


def message_of(response: httpx.Response) -> str:
    error = response.json()["error"]
    return str(error if isinstance(error, str) else error["message"])


@requests
@pytest.mark.parametrize("model", [None, MODEL])
def test_a_model_says_what_it_is(
    server: Server, model: str | None, path: str, body: dict[str, Any]
) -> None:
    response = server.client.post(path, json=body | ({"model": model} if model else {}))
    assert response.status_code == 400, response.text
    assert f"'{MODEL}' is a classifier with the labels 'NEGATIVE', 'POSITIVE'" in message_of(
        response
    )


@requests
@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_a_word_list_says_what_it_is(
    request: pytest.FixtureRequest, kind: str, path: str, body: dict[str, Any]
) -> None:
    server: Server = request.getfixturevalue(kind)
    response = server.client.post(path, json={**body, "model": "afinn-111"})
    assert response.status_code == 400, response.text
    assert "'afinn-111' is answered by a word list" in message_of(response)


@requests
@pytest.mark.parametrize("model", [None, MODEL])
def test_what_an_absent_model_can_do_is_to_be_asked_later(
    lexicon_server: Server, model: str | None, path: str, body: dict[str, Any]
) -> None:
    named = {"model": model} if model else {}
    response = lexicon_server.client.post(path, json=body | named)
    assert response.status_code == 503, response.text
    assert response.headers["Retry-After"] == "5"
    assert response.headers["X-Sentiment-Started"] == "no"
    assert "is not up" in message_of(response)


def test_the_model_is_refused_before_its_limits_are_told(server: Server) -> None:
    response = server.client.post("/v1/rerank", json={**RERANK, "query": "good " * 600})
    assert "exactly one label" in response.json()["error"]["message"]
