"""POST /score and /v1/score: scores of pairs in the format of vLLM."""

from __future__ import annotations

from typing import Any

import pytest
from pair_models import MAX_LENGTH, NAME, RERANKER, logits_of, pair_ids, pair_server, sigmoid

ONE, OTHER = ["What is the capital of France?", "Who?"], ["Paris.", "It is Ada Lovelace."]


def logit(first: str, second: str, cut: dict[str, Any] | None = None) -> float:
    return float(logits_of(pair_ids(first, second, cut), 1)[0])


@pytest.mark.parametrize("path", ["/score", "/v1/score"])
@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        (ONE[0], OTHER[0], [(0, 0)]),
        (ONE[0], OTHER, [(0, 0), (0, 1)]),
        (ONE[:1], OTHER, [(0, 0), (0, 1)]),
        (ONE, OTHER, [(0, 0), (1, 1)]),
    ],
)
def test_one_with_one_with_many_and_each_with_its_own(
    path: str, first: Any, second: Any, pairs: list[tuple[int, int]]
) -> None:
    body = {"model": NAME, "text_1": first, "text_2": second}
    answer = pair_server(RERANKER).post(path, json=body)
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert (content["object"], content["model"], content["route"]) == ("list", NAME, "model")
    assert [datum["index"] for datum in content["data"]] == list(range(len(pairs)))
    for datum, (one, other) in zip(content["data"], pairs, strict=True):
        assert datum["object"] == "score"
        expected = sigmoid(logit(ONE[one], OTHER[other]))
        assert datum["score"] == pytest.approx(expected, abs=1e-6)
    tokens = sum(len(pair_ids(ONE[one], OTHER[other])) for one, other in pairs)
    assert content["usage"] == {
        "prompt_tokens": tokens,
        "total_tokens": tokens,
        "completion_tokens": 0,
        "prompt_tokens_details": None,
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [("queries", "documents"), ("queries", "items"), ("data_1", "data_2")],
)
def test_the_other_names_of_the_fields(one: str, other: str) -> None:
    server = pair_server(RERANKER)
    named = server.post("/score", json={one: ONE[0], other: OTHER}).json()
    assert (
        named["data"]
        == server.post("/score", json={"text_1": ONE[0], "text_2": OTHER}).json()["data"]
    )


def test_logits() -> None:
    body = {"text_1": ONE[0], "text_2": OTHER[0], "use_activation": False}
    (datum,) = pair_server(RERANKER).post("/score", json=body).json()["data"]
    assert datum["score"] == pytest.approx(logit(ONE[0], OTHER[0]), abs=1e-5)


def test_truncation_is_of_the_second_text() -> None:
    long = "good " * 60
    body = {"text_1": "fine", "text_2": long, "truncate_prompt_tokens": -1}
    (datum,) = pair_server(RERANKER).post("/score", json=body).json()["data"]
    cut = {"max_length": MAX_LENGTH, "strategy": "only_second"}
    assert datum["score"] == pytest.approx(sigmoid(logit("fine", long, cut)), abs=1e-6)
    assert datum["truncation"] == {"tokens": 64, "tokens_read": MAX_LENGTH, "windows": 1}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text_1": ["a", "b"], "text_2": ["a", "b", "c"]}, 400),
        ({"text_1": ["a", "b"], "text_2": "a"}, 400),
        ({"text_2": []}, 400),
        ({"text_2": None}, 400),
        ({"text_2": [101, 102]}, 400),
        ({"text_2": "\0"}, 400),
        ({"text_2": ["a"] * 9}, 413),
        ({"text_1": "a" * 400, "text_2": ["a", "b"]}, 413),
        ({"text_1": ["a"] * 9, "text_2": ["a"] * 9}, 413),
    ],
)
def test_errors(changes: dict[str, Any], status: int) -> None:
    server = pair_server(RERANKER, max_inputs=8, max_request_characters=800)
    refused = server.post("/v1/score", json={"text_1": ONE[0], "text_2": OTHER} | changes)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, status), refused.text


def test_another_model_says_what_it_is() -> None:
    refused = pair_server(("a", "b")).post("/score", json={"text_1": "a", "text_2": "b"})
    assert refused.status_code == 400
    assert "labels 'a', 'b'" in refused.json()["error"]["message"]
