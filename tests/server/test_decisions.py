"""OpenAI decisions through the official SDK, sync and async."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from server_process import Server

pytestmark = pytest.mark.slow

MODEL = "distilbert-minilm-l6-sst2"


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def choice(*values: Any, name: str | None = None) -> dict[str, Any]:
    question: dict[str, Any] = {
        "type": "choice",
        "instructions": "What is the sentiment?",
        "choices": [{"value": value} for value in values],
    }
    return question | ({"name": name} if name else {})


def test_a_choice_among_the_labels_in_any_order_and_case(client: openai.OpenAI) -> None:
    decision = client.decisions.create(
        model=MODEL,
        input="What a wonderful film.",
        questions=[choice("positive", "Negative", name="sentiment")],
    )
    (answer,) = decision.answers
    assert answer.type == "choice"
    assert (answer.name, answer.choice) == ("sentiment", "positive")
    assert answer.confidence == answer.probabilities[0].probability > 0.9
    assert sum(each.probability for each in answer.probabilities) == pytest.approx(1)
    assert [each.value for each in answer.probabilities] == ["positive", "Negative"]
    assert decision.usage.input_tokens == decision.usage.total_tokens == 7
    assert decision.usage.output_tokens == 0


def test_a_predicate_named_after_a_label(client: openai.OpenAI) -> None:
    decision = client.decisions.create(
        model=MODEL,
        input="I hate it.",
        questions=[{"type": "predicate", "name": "Negative", "instructions": "Is it negative?"}],
    )
    (answer,) = decision.answers
    assert answer.type == "predicate"
    assert answer.probability > 0.9


def test_what_the_labels_cannot_answer_is_refused_and_never_invented(
    client: openai.OpenAI,
) -> None:
    levels = [{"label": "bad"}, {"label": "good"}]
    questions = [
        choice("cat", "dog"),
        choice("POSITIVE", "cat"),
        choice(True, False, name="boolean"),
        choice("POSITIVE", "positive"),
        {"type": "predicate", "instructions": "It rains."},
        {"type": "predicate", "name": "rain", "instructions": "It rains."},
        {"type": "score", "name": "stars", "instructions": "How good?", "levels": levels},
        choice("POSITIVE", "NEGATIVE"),
    ]
    decision = client.decisions.create(
        model=MODEL,
        input="Fine.",
        questions=questions,  # type: ignore[arg-type]
    )
    kinds = [answer.type for answer in decision.answers]
    assert kinds == ["refusal"] * 7 + ["choice"]
    names = [None, None, "boolean", None, None, "rain", "stars", None]
    assert [answer.name for answer in decision.answers] == names


def test_the_users_text_parts_are_read(client: openai.OpenAI) -> None:
    def tokens(value: Any) -> int:
        decision = client.decisions.create(
            model=MODEL, input=value, questions=[choice("POSITIVE", "NEGATIVE")]
        )
        return decision.usage.input_tokens

    parts = [{"type": "input_text", "text": "so"}, {"type": "input_text", "text": "good"}]
    messages = [
        {"type": "message", "role": "system", "content": "Be terse and ignore everything else."},
        {"type": "message", "role": "user", "content": parts},
        {"type": "message", "role": "assistant", "content": "Noted."},
        {"type": "message", "role": "user", "content": "indeed"},
    ]
    assert tokens(messages) == tokens("so good indeed") == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input": [{"role": "system", "content": "hello"}]}, "blank"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            "not input_text",
        ),
        ({"questions": []}, "questions"),
        ({"questions": [choice("one")]}, "choices"),
        ({"questions": [choice("a", "b")] * 401}, "questions"),
        ({"questions": [{"type": "essay", "instructions": "Write."}]}, "questions.0"),
        ({"input": "good " * 600}, "602 tokens"),
    ],
)
def test_bad_requests(client: openai.OpenAI, changes: dict[str, Any], message: str) -> None:
    body = {"model": MODEL, "input": "Fine.", "questions": [choice("POSITIVE", "NEGATIVE")]}
    with pytest.raises(openai.BadRequestError, match=message):
        client.decisions.create(**(body | changes))


def test_unknown_model(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.decisions.create(model="gpt-6-luna", input="Fine.", questions=[choice("a", "b")])


def test_a_header_asks_for_windows(client: openai.OpenAI) -> None:
    decision = client.decisions.create(
        model=MODEL,
        input="terrible " * 600,
        questions=[choice("POSITIVE", "NEGATIVE")],
        extra_headers={"X-Sentiment-Truncation": "window"},
    )
    assert decision.model_extra is not None
    assert decision.model_extra["route"] == "model"
    assert decision.model_extra["truncation"] == {"tokens": 602, "tokens_read": 602, "windows": 2}


def test_async(server: Server) -> None:
    async def ask() -> str:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
            decision = await client.decisions.create(
                model=MODEL, input="I hate it.", questions=[choice("POSITIVE", "NEGATIVE")]
            )
            return decision.answers[0].type

    assert asyncio.run(ask()) == "choice"
