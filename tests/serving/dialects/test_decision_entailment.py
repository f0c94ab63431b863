"""Decisions by entailment: choices among values that are no labels of an NLI model."""

from __future__ import annotations

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
    softmax,
    tokenizer,
)

from distilbert_sentiment_arch.lexicon.settings import LexiconSettings

TEXT = "The train to Lyon was late."
VALUES = ("travel", "cooking", "chess")


def choice(*values: Any, **more: Any) -> dict[str, Any]:
    choices = [{"value": value} for value in values]
    return {"type": "choice", "instructions": "What is it about?", "choices": choices, **more}


def decided(questions: list[Any], labels: tuple[str, ...] = NLI, **more: Any) -> dict[str, Any]:
    body = {"model": NAME, "input": TEXT, "questions": questions} | more
    answer = pair_server(labels).post("/v1/decisions", json=body)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def probabilities(values: tuple[str, ...], template: str = "This example is {}.") -> Any:
    pairs = [pair_ids(TEXT, template.format(value)) for value in values]
    return softmax([float(logits_of(pair, 3)[2]) for pair in pairs])


def assert_entailed(answer: dict[str, Any], values: tuple[str, ...], expected: Any) -> None:
    assert (answer["type"], answer["method"]) == ("choice", "entailment")
    assert [each["value"] for each in answer["probabilities"]] == list(values)
    found = [each["probability"] for each in answer["probabilities"]]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert answer["choice"] == values[int(np.argmax(expected))]
    assert answer["confidence"] == max(found)


def test_a_choice_is_marked_and_is_a_softmax_of_entailment() -> None:
    content = decided([choice(*VALUES, name="topic")])
    (answer,) = content["answers"]
    assert_entailed(answer, VALUES, probabilities(VALUES))
    assert answer["name"] == "topic"
    tokens = sum(len(pair_ids(TEXT, f"This example is {value}.")) for value in VALUES)
    assert content["usage"]["input_tokens"] == content["usage"]["total_tokens"] == tokens
    assert (content["route"], content["truncation"]) == ("model", None)


def test_a_template_of_the_caller() -> None:
    template = "Il s'agit de {}."
    (answer,) = decided([choice(*VALUES)], hypothesis_template=template)["answers"]
    assert_entailed(answer, VALUES, probabilities(VALUES, template))


def test_choices_share_values_and_stand_beside_other_questions() -> None:
    questions = [
        choice(*VALUES),
        choice("entailment", "neutral"),
        choice("chess", "travel"),
        choice("neutral", "chess"),
        choice(True, False),
        choice("a", "a"),
        {"type": "predicate", "name": "Entailment", "instructions": "Does it follow?"},
        {"type": "predicate", "name": "rain", "instructions": "Does it rain?"},
    ]
    content = decided(questions)
    answers = content["answers"]
    assert_entailed(answers[0], VALUES, probabilities(VALUES))
    assert_entailed(answers[2], ("chess", "travel"), probabilities(("chess", "travel")))
    alone = tokenizer().encode(TEXT).ids
    own = softmax(logits_of(alone, 3))
    assert "method" not in answers[1]
    assert answers[1]["probabilities"][0]["probability"] == pytest.approx(
        own[2] / (own[2] + own[1]), abs=1e-6
    )
    assert answers[6]["probability"] == pytest.approx(own[2], abs=1e-6)
    kinds = [answers[place]["type"] for place in (3, 4, 5, 7)]
    assert kinds == ["refusal"] * 4
    pairs = [pair_ids(TEXT, f"This example is {value}.") for value in VALUES]
    assert content["usage"]["input_tokens"] == sum(map(len, pairs)) + len(alone)


@pytest.mark.parametrize("labels", [SENTIMENT, RERANKER])
def test_other_models_refuse_the_question_as_ever(labels: tuple[str, ...]) -> None:
    (answer,) = decided([choice(*VALUES)], labels)["answers"]
    assert answer == {"type": "refusal", "name": None}


def test_a_word_list_refuses_the_question() -> None:
    name = LexiconSettings.from_environment().classifiers()[0].name
    (answer,) = decided([choice(*VALUES)], model=name)["answers"]
    assert answer["type"] == "refusal"


def test_truncation_cuts_the_input_only_and_is_told() -> None:
    content = decided([choice(*VALUES)], input="late " * 60, truncation="end")
    assert content["truncation"]["tokens_read"] == 3 * MAX_LENGTH
    assert content["truncation"]["tokens"] > 3 * 60
    assert content["truncation"]["windows"] == 3


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"input": " "}, 400, "Input 0 is blank"),
        ({"input": "late " * 60}, 400, "Input 0 has"),
        ({"truncation": "window"}, 400, "windows"),
        ({"hypothesis_template": "no"}, 400, "{}"),
        ({"questions": [choice(*VALUES)] * 4}, 413, "12 inputs"),
        ({"input": "a" * 400}, 413, "1000 characters"),
    ],
)
def test_errors(changes: dict[str, Any], status: int, words: str) -> None:
    server = pair_server(NLI, max_inputs=10, max_request_characters=1000)
    body = {"model": NAME, "input": TEXT, "questions": [choice(*VALUES)]} | changes
    refused = server.post("/v1/decisions", json=body)
    assert refused.status_code == status, refused.text
    assert words in refused.json()["error"]["message"]
