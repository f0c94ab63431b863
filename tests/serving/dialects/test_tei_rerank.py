"""POST /rerank: TEI's format, beside which documents ask for vLLM's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pair_models import (
    MAX_LENGTH,
    NLI,
    RERANKER,
    SENTIMENT,
    logits_of,
    pair_ids,
    pair_server,
    sigmoid,
)

QUERY = "What is the capital of France?"
TEXTS = ["Cheese is made from milk.", "Paris is the capital of France.", "[SEP] Lyon is not."]


def logit(query: str, text: str, **cut: Any) -> float:
    return float(logits_of(pair_ids(query, text, cut or None), 1)[0])


@pytest.mark.parametrize(
    "problem_type",
    ["multi_label_classification", "regression"],
)
def test_sigmoids_of_the_logits_highest_first(problem_type: Any) -> None:
    server = pair_server(RERANKER, problem_type)
    answer = server.post("/rerank", json={"query": QUERY, "texts": TEXTS})
    assert answer.status_code == 200, answer.text
    ranks = answer.json()
    expected = {index: sigmoid(logit(QUERY, text)) for index, text in enumerate(TEXTS)}
    assert [rank["index"] for rank in ranks] == sorted(expected, key=lambda each: -expected[each])
    for rank in ranks:
        assert set(rank) == {"index", "score"}
        assert rank["score"] == pytest.approx(expected[rank["index"]], abs=1e-6)
    assert answer.headers["X-Sentiment-Route"] == "model"
    tokens = sum(len(pair_ids(QUERY, text)) for text in TEXTS)
    assert answer.headers["X-Sentiment-Tokens-Read"] == str(tokens)


def test_raw_scores_and_texts() -> None:
    body = {"query": QUERY, "texts": TEXTS, "raw_scores": True, "return_text": True}
    ranks = pair_server(RERANKER).post("/rerank", json=body).json()
    assert sorted(rank["text"] for rank in ranks) == sorted(TEXTS)
    for rank in ranks:
        assert rank["text"] == TEXTS[rank["index"]]
        assert rank["score"] == pytest.approx(logit(QUERY, rank["text"]), abs=1e-5)


@pytest.mark.parametrize("direction", ["Left", "Right"])
def test_truncation_cuts_the_text_and_never_the_query(direction: str) -> None:
    server, text = pair_server(RERANKER), "good " * 30 + "bad " * 30
    body = {"query": QUERY, "texts": [text], "raw_scores": True}
    refused = server.post("/rerank", json=body)
    assert (refused.status_code, refused.json()["error_type"]) == (422, "Validation")
    assert "70 tokens" in refused.json()["error"]
    cut = {"truncate": True, "truncation_direction": direction}
    answer = server.post("/rerank", json=body | cut)
    library = {"strategy": "only_second", "direction": direction.lower(), "max_length": MAX_LENGTH}
    (rank,) = answer.json()
    assert rank["score"] == pytest.approx(logit(QUERY, text, **library), abs=1e-5)
    assert answer.headers["X-Sentiment-Tokens"] == "70"
    assert answer.headers["X-Sentiment-Tokens-Read"] == str(MAX_LENGTH)


def test_a_query_that_leaves_no_room_is_refused() -> None:
    body = {"query": "good " * MAX_LENGTH, "texts": ["fine"], "truncate": True}
    refused = pair_server(RERANKER).post("/rerank", json=body)
    assert refused.status_code == 422
    assert "Shorten the other one" in refused.json()["error"]


@pytest.mark.parametrize("labels", [SENTIMENT, NLI])
def test_another_model_says_what_it_is(labels: tuple[str, ...]) -> None:
    refused = pair_server(labels).post("/rerank", json={"query": QUERY, "texts": TEXTS})
    assert (refused.status_code, refused.json()["error_type"]) == (400, "Validation")
    assert all(label in refused.json()["error"] for label in labels)
    assert "exactly one label" in refused.json()["error"]


def test_a_word_list_does_not_rank() -> None:
    body = {"query": QUERY, "texts": TEXTS, "model": "afinn-111", "fallback": "always-available"}
    refused = pair_server(RERANKER).post("/rerank", json=body)
    assert refused.status_code == 400
    assert "word list" in refused.json()["error"]


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"query": " "}, 400, "Empty"),
        ({"texts": ["fine", ""]}, 400, "Empty"),
        ({"texts": []}, 422, "Validation"),
        ({"texts": "fine"}, 422, "Validation"),
        ({"texts": ["fine", 5]}, 422, "Validation"),
        ({"texts": ["\ud800"]}, 422, "Validation"),
        ({"query": None}, 422, "Validation"),
        ({"truncation": "window"}, 422, "Validation"),
        ({"texts": ["a"] * 9}, 413, "Validation"),
        ({"query": "a" * 300}, 413, "Validation"),  # with each of the texts
        ({"model": "other"}, 404, "Validation"),
    ],
)
def test_errors(changes: dict[str, Any], status: int, kind: str) -> None:
    server = pair_server(RERANKER, max_inputs=8, max_request_characters=800)
    body = {"query": QUERY, "texts": TEXTS} | changes
    refused = server.post("/rerank", content=json.dumps(body))  # surrogates escaped
    assert (refused.status_code, refused.json()["error_type"]) == (status, kind), refused.text
    assert set(refused.json()) == {"error", "error_type"}


def test_the_fields_of_the_body_are_named_in_errors() -> None:
    refused = pair_server(RERANKER).post("/rerank", json={"query": QUERY, "documents": [5]})
    assert refused.json()["error"].startswith("documents: element 0")
    refused = pair_server(RERANKER).post("/rerank", json={"query": QUERY, "texts": [5]})
    assert refused.json()["error"].startswith("texts.0: ")


@pytest.mark.parametrize("body", ["[]", '"a"', "5", "null", "{}"])
def test_bodies_of_neither_format(body: str) -> None:
    refused = pair_server(RERANKER).post("/rerank", content=body)
    assert (refused.status_code, refused.json()["error_type"]) == (422, "Validation")


def test_documents_are_answered_as_by_vllm() -> None:
    server, body = pair_server(RERANKER), {"query": QUERY, "documents": TEXTS, "top_n": 2}
    here, there = (server.post(path, json=body).json() for path in ("/rerank", "/v1/rerank"))
    assert here["results"] == there["results"]
    assert len(here["results"]) == 2


@pytest.mark.parametrize("path", ["/rerank", "/rerank/more"])
def test_the_envelope_of_what_is_not_there(path: str) -> None:
    refused = pair_server(RERANKER).get(path)
    assert refused.status_code == (405 if path == "/rerank" else 404)
    assert set(refused.json()) == {"error", "error_type"}


def test_both_formats_are_documented() -> None:
    document = pair_server(RERANKER).get("/openapi.json").json()
    body = document["paths"]["/rerank"]["post"]["requestBody"]["content"]["application/json"]
    texts, documents = body["schema"]["anyOf"]
    assert set(texts["required"]) == {"query", "texts"}
    assert set(documents["required"]) == {"query", "documents"}
