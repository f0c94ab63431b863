"""``POST /v1/decisions``: OpenAI's classification call, ``client.decisions.create``.

Source: the types of openai-python 3.51, ``openai/types/decision*.py``. An encoder cannot read
instructions. A choice is answered if its values are labels of this model, and a predicate if its
name is one; any other question gets a refusal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictStr, WithJsonSchema

from distilbert_sentiment_arch.classify.interface import Classification
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.dialects.our_fields import (
    Origin,
    OurOptions,
    TruncationNote,
    origin,
)
from distilbert_sentiment_arch.serving.endpoint import Endpoints
from distilbert_sentiment_arch.serving.wire import ValidText, WireModel, WireText

endpoints = Endpoints(OPENAI, "decisions")

_LONGEST_LABEL = 1024
"""Maximum characters of a value that is compared with labels. Label names are shorter, and folding
the case of a long value would take time."""

_INPUT_SCHEMA = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "object"}, "minItems": 1}],
    "description": "A text, or messages: the user's text parts are read, joined by newlines.",
    "examples": ["What a wonderful film."],
}


def _user_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise ValueError("is neither a text nor a list of messages")
    texts = [
        text
        for index, message in enumerate(value)
        for text in _texts_of_message(message, f"element {index}")
    ]
    return "\n".join(texts)


def _texts_of_message(message: Any, what: str) -> list[str]:
    if not isinstance(message, dict):
        raise ValueError(f"{what} is not a message")
    if message.get("role") != "user":
        return []
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        raise ValueError(f"{what} has content that is neither a text nor a list of parts")
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, dict) else None
        if not isinstance(text, str) or part.get("type") != "input_text":
            raise ValueError(f"{what} has a part that is not input_text; only text is read here")
        texts.append(text)
    return texts


class _Question(WireModel):
    name: WireText | None = None
    instructions: str | Annotated[list[dict[str, Any]], Field(fail_fast=True)]


class Choice(WireModel):
    """One option of a choice."""

    value: ValidText | StrictBool
    description: str | None = None


class ChoiceQuestion(_Question):
    """Choose one of the options."""

    type: Literal["choice"]
    choices: Annotated[list[Choice], Field(fail_fast=True)] = Field(min_length=2, max_length=255)


class PredicateQuestion(_Question):
    """Give the probability of a statement."""

    type: Literal["predicate"]


class Level(WireModel):
    """One level of a score."""

    label: str
    description: str | None = None


class ScoreQuestion(_Question):
    """Rate on a scale."""

    type: Literal["score"]
    levels: Annotated[list[Level], Field(fail_fast=True)] = Field(min_length=1, max_length=255)


Question = Annotated[
    ChoiceQuestion | PredicateQuestion | ScoreQuestion, Field(discriminator="type")
]


class DecisionBody(OurOptions):
    """An input and questions about it."""

    model: WireText
    input: Annotated[Any, BeforeValidator(_user_text), WithJsonSchema(_INPUT_SCHEMA)]
    questions: Annotated[list[Question], Field(fail_fast=True)] = Field(
        min_length=1,
        max_length=400,
        examples=[
            [
                {
                    "type": "choice",
                    "instructions": "What is the sentiment?",
                    "choices": [{"value": "POSITIVE"}, {"value": "NEGATIVE"}],
                }
            ]
        ],
    )
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_options: dict[str, Any] | None = None


class ChoiceProbability(WireModel):
    """An option and its probability."""

    value: StrictStr | StrictBool
    probability: float


class ChoiceAnswer(WireModel):
    """The chosen option; the probabilities of the options sum to 1."""

    type: Literal["choice"] = "choice"
    name: str | None
    choice: StrictStr | StrictBool
    confidence: float
    probabilities: list[ChoiceProbability]


class PredicateAnswer(WireModel):
    """The probability of the statement."""

    type: Literal["predicate"] = "predicate"
    name: str | None
    probability: float


class Refusal(WireModel):
    """The model cannot answer this question."""

    type: Literal["refusal"] = "refusal"
    name: str | None


class InputTokensDetails(WireModel):
    """Counts of cached tokens, always 0."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputTokensDetails(WireModel):
    """Counts of generated tokens, always 0."""

    reasoning_tokens: int = 0


class DecisionUsage(WireModel):
    """Tokens that the model read, special tokens included."""

    input_tokens: int
    input_tokens_details: InputTokensDetails = InputTokensDetails()
    output_tokens: int = 0
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()
    total_tokens: int


class DecisionResponse(Origin):
    """Answers, in the order of the questions."""

    model: str
    answers: list[ChoiceAnswer | PredicateAnswer | Refusal]
    usage: DecisionUsage
    truncation: TruncationNote | None = None


@endpoints.post("/v1/decisions", DecisionBody, DecisionResponse)
async def decide(call: Call, body: DecisionBody) -> DecisionResponse:
    """Answers the questions that this model's labels can answer, and refuses the others."""
    answers = await call.classify(
        body.model, [body.input], truncation=body.to_truncation(), fallback=body.fallback
    )
    (answer,) = answers.classifications
    rows = _rows(answer.labels)
    return DecisionResponse(
        **dict(origin(answers)),
        model=answers.model,
        answers=[_answer(question, answer, rows) for question in body.questions],
        usage=DecisionUsage(input_tokens=answer.tokens_read, total_tokens=answer.tokens_read),
        truncation=TruncationNote.of(answer),
    )


def _answer(
    question: ChoiceQuestion | PredicateQuestion | ScoreQuestion,
    answer: Classification,
    rows: Mapping[str, int],
) -> ChoiceAnswer | PredicateAnswer | Refusal:
    if isinstance(question, ChoiceQuestion):
        return _choose(question, answer, rows) or Refusal(name=question.name)
    if isinstance(question, PredicateQuestion):
        return _predicate(question, answer, rows) or Refusal(name=question.name)
    return Refusal(name=question.name)


def _choose(
    question: ChoiceQuestion, answer: Classification, rows_of_labels: Mapping[str, int]
) -> ChoiceAnswer | None:
    if answer.labels.problem_type != "single_label_classification":
        return None  # the options of a choice exclude each other, and such labels do not
    values = [choice.value for choice in question.choices]
    if len(values) > len(rows_of_labels):
        return None
    rows = [_row(value, rows_of_labels) for value in values]
    own = _row(answer.label, rows_of_labels)
    known = [row for row in rows if row is not None]
    if len(known) < len(values) or len(set(known)) < len(values):
        return None
    scores = [answer.scores[row] for row in known]
    total = math.fsum(scores)
    probabilities = [score / total for score in scores]
    best = max(range(len(values)), key=lambda place: (probabilities[place], rows[place] == own))
    if rows[best] != own and probabilities.count(probabilities[best]) > 1:
        return None  # a word list scores the options alike and answers NEUTRAL
    return ChoiceAnswer(
        name=question.name,
        choice=values[best],
        confidence=probabilities[best],
        probabilities=[
            ChoiceProbability(value=value, probability=probability)
            for value, probability in zip(values, probabilities, strict=True)
        ],
    )


def _predicate(
    question: PredicateQuestion, answer: Classification, rows: Mapping[str, int]
) -> PredicateAnswer | None:
    row = _row(question.name, rows)
    if row is None or answer.labels.problem_type == "regression":
        return None
    return PredicateAnswer(name=question.name, probability=answer.scores[row])


def _rows(labels: LabelSet) -> Mapping[str, int]:
    """Returns the row of each label by its case-folded name; ambiguous names are left out."""
    folded = [name.casefold() for name in labels.names]
    rows = {name: row for row, name in enumerate(folded)}
    return {name: row for name, row in rows.items() if folded.count(name) == 1}


def _row(value: str | bool | None, rows: Mapping[str, int]) -> int | None:
    """Returns the row of the label that a value names, None if it names none."""
    if not isinstance(value, str) or len(value) > _LONGEST_LABEL:
        return None
    return rows.get(value.casefold())
