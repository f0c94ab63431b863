"""POST /predict in the shape of text-embeddings-inference."""

from __future__ import annotations

from typing import Any

import pytest
from server_process import Server

pytestmark = pytest.mark.slow


def predict(server: Server, inputs: Any, **options: Any) -> Any:
    response = server.client.post("/predict", json={"inputs": inputs} | options)
    assert response.status_code == 200, response.text
    return response.json()


def test_one_text_best_label_first(server: Server) -> None:
    answer = predict(server, "I hate it.")
    assert [each["label"] for each in answer] == ["NEGATIVE", "POSITIVE"]
    assert sum(each["score"] for each in answer) == pytest.approx(1)
    assert answer[0]["score"] > 0.9


def test_a_list_of_one_text_is_that_text(server: Server) -> None:
    assert predict(server, ["I hate it."]) == predict(server, "I hate it.")


def test_two_texts_are_one_pair(server: Server) -> None:
    answer = predict(server, ["I hate it.", "So much."])
    assert [set(each) for each in answer] == [{"label", "score"}] * 2
    (in_batch,) = predict(server, [["I hate it.", "So much."]])
    assert in_batch[0]["score"] == pytest.approx(answer[0]["score"], abs=1e-5)


def test_a_batch_may_mix_texts_and_pairs(server: Server) -> None:
    answers = predict(server, [["I love it."], ["I hate it.", "So much."], ["Great."]])
    assert [answer[0]["label"] for answer in answers] == ["POSITIVE", "NEGATIVE", "POSITIVE"]


def test_raw_scores_are_logits(server: Server) -> None:
    best, worst = predict(server, "I love it.", raw_scores=True)
    assert best["score"] > 1 > 0 > worst["score"]


@pytest.mark.parametrize(("direction", "label"), [("Left", "POSITIVE"), ("Right", "NEGATIVE")])
def test_truncation_is_told_in_the_headers(server: Server, direction: str, label: str) -> None:
    text = "terrible " * 600 + "wonderful " * 600
    response = server.client.post(
        "/predict", json={"inputs": text, "truncate": True, "truncation_direction": direction}
    )
    assert response.json()[0]["label"] == label
    assert response.headers["X-Sentiment-Tokens"] == "1202"
    assert response.headers["X-Sentiment-Tokens-Read"] == "512"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"inputs": ""}, 400, "Empty"),
        ({"inputs": ["\u200b", "\u200b"]}, 400, "Empty"),
        ({"inputs": []}, 422, "Validation"),
        ({"inputs": ["a", "b", "c"]}, 422, "Validation"),
        ({"inputs": [["a", "b", "c"]]}, 422, "Validation"),
        ({"inputs": 5}, 422, "Validation"),
        ({"inputs": "good " * 600}, 422, "Validation"),
        ({"inputs": [["a"]] * 3000}, 413, "Validation"),
        ({}, 422, "Validation"),
    ],
)
def test_errors(server: Server, body: Any, status: int, kind: str) -> None:
    response = server.client.post("/predict", json=body)
    assert response.status_code == status
    assert set(response.json()) == {"error", "error_type"}
    assert response.json()["error_type"] == kind


@pytest.mark.parametrize("body", [b'{"inputs": "\xff"}', b"[" * 100_000, b"{"])
def test_bodies_that_are_no_json(server: Server, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = server.client.post("/predict", content=body, headers=headers)
    assert (response.status_code, response.json()["error_type"]) == (422, "Validation")
