"""POST /v1/rerank and /v2/rerank: the formats of Cohere and Jina as vLLM serves them."""

from __future__ import annotations

from typing import Any

import pytest
from pair_models import (
    MAX_LENGTH,
    NAME,
    RERANKER,
    SENTIMENT,
    logits_of,
    pair_ids,
    pair_server,
    sigmoid,
)

QUERY = "What is the capital of France?"
DOCUMENTS = ["Cheese is made from milk.", "Paris is the capital of France.", "Lyon is a city."]
LONG = "good " * 30 + "bad " * 30


def logit(document: str, cut: dict[str, Any] | None = None) -> float:
    return float(logits_of(pair_ids(QUERY, document, cut), 1)[0])


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_results_by_relevance(path: str) -> None:
    body = {"model": NAME, "query": QUERY, "documents": [*DOCUMENTS[:2], {"text": DOCUMENTS[2]}]}
    answer = pair_server(RERANKER).post(path, json=body)
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert set(content) == {"route", "id", "model", "results", "usage", "meta"}
    assert (content["route"], content["model"]) == ("model", NAME)
    expected = [sigmoid(logit(document)) for document in DOCUMENTS]
    order = sorted(range(3), key=lambda index: -expected[index])
    assert [result["index"] for result in content["results"]] == order
    for result in content["results"]:
        assert set(result) == {"index", "document", "relevance_score"}
        assert result["document"] == {"text": DOCUMENTS[result["index"]]}
        assert result["relevance_score"] == pytest.approx(expected[result["index"]], abs=1e-6)
    tokens = sum(len(pair_ids(QUERY, document)) for document in DOCUMENTS)
    assert content["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert content["meta"] == {"tokens": {"input_tokens": tokens, "output_tokens": 0}}


def results(**options: Any) -> list[dict[str, Any]]:
    body = {"query": QUERY, "documents": DOCUMENTS} | options
    answer = pair_server(RERANKER).post("/v1/rerank", json=body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_the_best_of_them() -> None:
    everything = results()
    assert results(top_n=2) == everything[:2]
    assert results(top_n=0) == results(top_n=9) == results(top_n=None) == everything


def test_without_the_documents() -> None:
    assert all("document" not in result for result in results(return_documents=False))


def test_logits() -> None:
    for result in results(use_activation=False):
        expected = logit(DOCUMENTS[result["index"]])
        assert result["relevance_score"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "library"),
    [
        ({"truncate_prompt_tokens": -1}, {"max_length": MAX_LENGTH}),
        ({"truncate_prompt_tokens": 20}, {"max_length": 20}),
        ({"truncation": "end"}, {"max_length": MAX_LENGTH}),
        ({"truncation": True}, {"max_length": MAX_LENGTH}),
        ({"truncation": "start"}, {"max_length": MAX_LENGTH, "direction": "left"}),
        (
            {"truncate_prompt_tokens": 21, "truncation_side": "left"},
            {"max_length": 21, "direction": "left"},
        ),
        # [CLS] and two [SEP] with the query's seven tokens, and those of the document.
        ({"max_tokens_per_doc": 5}, {"max_length": 15}),
        ({"max_tokens_per_doc": 500}, {"max_length": MAX_LENGTH}),
    ],
)
def test_truncation_is_of_the_document(options: dict[str, Any], library: dict[str, Any]) -> None:
    (result,) = results(documents=[LONG], use_activation=False, **options)
    expected = logit(LONG, {"strategy": "only_second", **library})
    assert result["relevance_score"] == pytest.approx(expected, abs=1e-5)
    read = library["max_length"]
    assert result["truncation"] == {"tokens": 70, "tokens_read": read, "windows": 1}


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"documents": [LONG]}, 400, None),
        ({"documents": [LONG], "truncation": False}, 400, None),
        ({"documents": []}, 400, "documents"),
        ({"documents": [{"image": "a"}]}, 400, "documents"),
        ({"documents": ["fine", " "]}, 400, None),
        ({"query": ""}, 400, "query"),
        ({"query": ["a"]}, 400, "query"),
        ({"top_n": -1}, 400, "top_n"),
        ({"max_tokens_per_doc": 0}, 400, "max_tokens_per_doc"),
        ({"rank_fields": ["title"]}, 400, "rank_fields"),
        ({"truncation": "window"}, 400, "truncation"),
        ({"truncate_prompt_tokens": 10}, 400, None),
        ({"truncate_prompt_tokens": MAX_LENGTH + 1}, 400, None),
        ({"model": "other"}, 404, None),
        ({"model": "afinn-111"}, 400, "model"),
        ({"documents": ["a"] * 9}, 413, None),
    ],
)
def test_errors(changes: dict[str, Any], status: int, param: str | None) -> None:
    server = pair_server(RERANKER, max_inputs=8)
    body = {"query": QUERY, "documents": DOCUMENTS} | changes
    for path in ("/v1/rerank", "/v2/rerank"):
        refused = server.post(path, json=body)
        assert refused.status_code == status, refused.text
        assert refused.json()["error"]["code"] == status
        assert refused.json()["error"]["param"] == param


def test_windows_asked_for_in_the_header_are_refused_as_well() -> None:
    body = {"query": QUERY, "documents": DOCUMENTS}
    headers = {"X-Sentiment-Truncation": "window"}
    refused = pair_server(RERANKER).post("/v1/rerank", json=body, headers=headers)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "truncation")


def test_another_model_says_what_it_is() -> None:
    body = {"query": QUERY, "documents": DOCUMENTS}
    refused = pair_server(SENTIMENT).post("/v2/rerank", json=body)
    assert refused.status_code == 400
    assert "NEGATIVE" in refused.json()["error"]["message"]


def test_another_method_is_refused_in_the_same_envelope() -> None:
    refused = pair_server(RERANKER).get("/v2/rerank")
    assert (refused.status_code, refused.json()["error"]["code"]) == (405, 405)
