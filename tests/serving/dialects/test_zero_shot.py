"""Zero-shot classification in /classify and, as Hugging Face's API has it, in /predict."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pair_models import (
    MAX_LENGTH,
    NAME,
    NLI,
    RERANKER,
    SENTIMENT,
    logits_of,
    pair_ids,
    pair_server,
    sigmoid,
    softmax,
)

TEXTS = ["The train to Lyon was late.", "Stir it until it is smooth."]
LABELS = ["travel", "cooking", "chess"]


def logits(text: str, hypothesis: str, cut: dict[str, Any] | None = None) -> Any:
    return logits_of(pair_ids(text, hypothesis, cut), 3).astype(np.float64)


def entailment(text: str, template: str = "This example is {}.") -> list[float]:
    return [float(logits(text, template.format(label))[2]) for label in LABELS]


def classified(body: dict[str, Any]) -> dict[str, Any]:
    answer = pair_server(NLI).post("/classify", json={"candidate_labels": LABELS} | body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def test_a_softmax_of_entailment_for_each_text() -> None:
    content = classified({"input": TEXTS})
    assert (content["method"], content["labels"]) == ("entailment", LABELS)
    assert (content["model"], content["route"]) == (NAME, "model")
    for index, (datum, text) in enumerate(zip(content["data"], TEXTS, strict=True)):
        expected = softmax(entailment(text))
        np.testing.assert_allclose(datum["probs"], expected, atol=1e-6)
        assert datum["label"] == LABELS[int(expected.argmax())]
        assert (datum["index"], datum["num_classes"]) == (index, 3)
        assert datum["truncation"] is None
    pairs = [pair_ids(text, f"This example is {label}.") for text in TEXTS for label in LABELS]
    assert content["usage"]["prompt_tokens"] == sum(map(len, pairs))


@pytest.mark.parametrize("path", ["/classify", "/v1/classify"])
def test_labels_between_commas(path: str) -> None:
    server = pair_server(NLI)
    body = {"input": TEXTS[0], "candidate_labels": " travel, cooking ,chess,"}
    assert server.post(path, json=body).json()["labels"] == LABELS


def test_another_template() -> None:
    template = "Es geht um {}!"
    (datum,) = classified({"input": TEXTS[0], "hypothesis_template": template})["data"]
    np.testing.assert_allclose(datum["probs"], softmax(entailment(TEXTS[0], template)), atol=1e-6)


def test_labels_that_do_not_exclude_each_other() -> None:
    (datum,) = classified({"input": TEXTS[0], "multi_label": True})["data"]
    for probability, label in zip(datum["probs"], LABELS, strict=True):
        found = logits(TEXTS[0], f"This example is {label}.")
        assert probability == pytest.approx(softmax([found[0], found[2]])[1], abs=1e-6)


def test_numbers_before_the_activation() -> None:
    (datum,) = classified({"input": TEXTS[0], "use_activation": False})["data"]
    np.testing.assert_allclose(datum["probs"], entailment(TEXTS[0]), atol=1e-5)
    body = {"input": TEXTS[0], "use_activation": False, "multi_label": True}
    (datum,) = classified(body)["data"]
    (probabilities,) = classified({"input": TEXTS[0], "multi_label": True})["data"]
    for number, probability in zip(datum["probs"], probabilities["probs"], strict=True):
        assert sigmoid(number) == pytest.approx(probability, abs=1e-6)


def test_truncation_cuts_the_text_and_never_the_hypothesis() -> None:
    long = "late " * 60
    body = {"input": long, "truncate_prompt_tokens": -1, "use_activation": False}
    (datum,) = classified(body)["data"]
    cut = {"max_length": MAX_LENGTH, "strategy": "only_first"}
    expected = [logits(long, f"This example is {label}.", cut)[2] for label in LABELS]
    np.testing.assert_allclose(datum["probs"], expected, atol=1e-5)
    tokens = sum(len(pair_ids(long, f"This example is {label}.")) for label in LABELS)
    note = {"tokens": tokens, "tokens_read": 3 * MAX_LENGTH, "windows": 1}
    assert datum["truncation"] == note


def test_an_ordinary_request_is_answered_by_the_labels_of_the_model() -> None:
    content = pair_server(NLI).post("/classify", json={"input": TEXTS[0]}).json()
    assert not {"method", "labels"} & set(content)
    assert content["data"][0]["num_classes"] == 3


@pytest.mark.parametrize(
    ("changes", "status", "param", "words"),
    [
        ({"candidate_labels": []}, 400, "candidate_labels", "empty"),
        ({"candidate_labels": " , "}, 400, "candidate_labels", "empty"),
        ({"candidate_labels": ["a", "a"]}, 400, "candidate_labels", "twice"),
        ({"candidate_labels": ["a", " "]}, 400, "candidate_labels", "element 1"),
        ({"candidate_labels": ["a", 5]}, 400, "candidate_labels", "element 1"),
        ({"candidate_labels": {"a": 1}}, 400, "candidate_labels", "neither"),
        ({"candidate_labels": ["a" * 1025]}, 400, "candidate_labels", "1024"),
        ({"candidate_labels": ["a", "\ud800"]}, 400, None, "surrogate"),
        ({"candidate_labels": ["a", "b\0"]}, 400, None, "NUL"),
        ({"hypothesis_template": "It is so."}, 400, "hypothesis_template", "{}"),
        ({"hypothesis_template": "{} and {}"}, 400, "hypothesis_template", "once"),
        ({"hypothesis_template": "{}" + "a" * 1024}, 400, "hypothesis_template", "1024"),
        ({"multi_label": "yes"}, 400, "multi_label", "boolean"),
        ({"input": [101, 102]}, 400, "candidate_labels", "texts"),
        ({"input": ["fine", " "]}, 400, None, "Input 1 is blank"),
        ({"input": ["fine", "a " * 50]}, 400, None, "Input 1 has"),
        ({"input": "fine", "add_special_tokens": False}, 400, "add_special_tokens", "hypothesis"),
        ({"truncation": "window"}, 400, "truncation", "windows"),
        ({"truncate_prompt_tokens": 5, "input": ["a", "b"]}, 400, None, "Input 0 has 8 tokens"),
        ({"input": ["a"] * 4}, 413, None, "12 inputs"),
        ({"candidate_labels": [str(each) for each in range(11)]}, 413, None, "11 inputs"),
        ({"candidate_labels": "a," * 11}, 413, None, "12 inputs"),
        ({"input": "a" * 400}, 413, None, "1000 characters"),
        ({"hypothesis_template": "{}" + "a" * 400}, 413, None, "1000 characters"),
        ({"model": "other"}, 404, None, "other"),
    ],
)
def test_errors(changes: dict[str, Any], status: int, param: str | None, words: str) -> None:
    server = pair_server(NLI, max_inputs=10, max_request_characters=1000)
    body = {"input": TEXTS[0], "candidate_labels": LABELS} | changes
    refused = server.post("/classify", content=json.dumps(body))
    assert refused.status_code == status, refused.text
    assert refused.json()["error"]["param"] == param
    assert words in refused.json()["error"]["message"]


@pytest.mark.parametrize("labels", [SENTIMENT, RERANKER])
@pytest.mark.parametrize("model", [NAME, "afinn-111"])
def test_another_model_and_a_word_list_say_what_they_are(labels: Any, model: str) -> None:
    body = {"model": model, "input": TEXTS[0], "candidate_labels": LABELS}
    refused = pair_server(labels).post("/classify", json=body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "candidate_labels")
    shown = "word list" if model == "afinn-111" else labels[0]
    assert shown in refused.json()["error"]["message"]


def test_the_hugging_face_api() -> None:
    body = {"inputs": TEXTS[0], "parameters": {"candidate_labels": LABELS, "multi_label": False}}
    ranked = pair_server(NLI).post("/predict", json=body).json()
    expected = dict(zip(LABELS, softmax(entailment(TEXTS[0])), strict=True))
    assert [each["label"] for each in ranked] == sorted(LABELS, key=lambda each: -expected[each])
    for each in ranked:
        assert each["score"] == pytest.approx(expected[each["label"]], abs=1e-6)


def test_the_hugging_face_api_in_a_batch() -> None:
    body = {"inputs": [[text] for text in TEXTS], "parameters": {"candidate_labels": LABELS}}
    batch = pair_server(NLI).post("/predict", json=body).json()
    assert [len(each) for each in batch] == [3, 3]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"inputs": ["a", "b"], "parameters": {"candidate_labels": LABELS}}, 422),
        ({"inputs": "a", "parameters": {"candidate_labels": []}}, 422),
        ({"inputs": " ", "parameters": {"candidate_labels": LABELS}}, 400),
        ({"inputs": "a", "parameters": {}}, 200),
    ],
)
def test_errors_of_the_hugging_face_api(body: dict[str, Any], status: int) -> None:
    answer = pair_server(NLI).post("/predict", json=body)
    assert answer.status_code == status, answer.text


def test_a_sentiment_model_answers_400_in_the_envelope_of_the_path() -> None:
    body = {"inputs": "a", "parameters": {"candidate_labels": LABELS}}
    refused = pair_server(SENTIMENT).post("/predict", json=body)
    assert (refused.status_code, refused.json()["error_type"]) == (400, "Validation")
