"""Requests about pairs to a model and word lists that cannot answer them: a 400 that says so."""

from __future__ import annotations

from typing import Any

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


@pytest.mark.parametrize(("path", "body"), REQUESTS)
@pytest.mark.parametrize("model", [None, MODEL, "afinn-111"])
@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_it_says_what_it_is(
    request: pytest.FixtureRequest, kind: str, model: str | None, path: str, body: dict[str, Any]
) -> None:
    server: Server = request.getfixturevalue(kind)
    named = {"model": model} if model else {}
    response = server.client.post(path, json=body | named)
    assert response.status_code == 400, response.text
    assert "Retry-After" not in response.headers
    error = response.json()["error"]
    message = error if isinstance(error, str) else error["message"]
    assert repr(model or MODEL) in message
    by_list = kind == "lexicon_server" or model == "afinn-111"
    assert ("word list" in message) == by_list
    assert "'NEGATIVE'" in message


def test_the_model_is_refused_before_its_limits_are_told(server: Server) -> None:
    response = server.client.post("/v1/rerank", json={**RERANK, "query": "good " * 600})
    assert "exactly one label" in response.json()["error"]["message"]
