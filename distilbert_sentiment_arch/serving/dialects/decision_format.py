"""Requests and answers of ``POST /v1/decisions``, OpenAI's classification call.

Source: the types of openai-python 3.51, ``openai/types/decision*.py``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictStr, WithJsonSchema

from distilbert_sentiment_arch.classify.zero_shot import PLACE, TEMPLATE
from distilbert_sentiment_arch.serving.dialects.explanation_format import (
    Explain,
    ExplanationNote,
)
from distilbert_sentiment_arch.serving.dialects.our_fields import (
    Origin,
    OurOptions,
    TruncationNote,
)
from distilbert_sentiment_arch.serving.dialects.zero_shot_options import HypothesisTemplate
from distilbert_sentiment_arch.serving.wire import ValidText, WireModel, WireText

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


class BaseQuestion(WireModel):
    """What all questions have."""

    name: WireText | None = None
    instructions: str | Annotated[list[dict[str, Any]], Field(fail_fast=True)]


class Choice(WireModel):
    """One option of a choice."""

    value: ValidText | StrictBool
    description: str | None = None


class ChoiceQuestion(BaseQuestion):
    """Choose one of the options."""

    type: Literal["choice"]
    choices: Annotated[list[Choice], Field(fail_fast=True)] = Field(min_length=2, max_length=255)


class PredicateQuestion(BaseQuestion):
    """Give the probability of a statement."""

    type: Literal["predicate"]


class Level(WireModel):
    """One level of a score."""

    label: str
    description: str | None = None


class ScoreQuestion(BaseQuestion):
    """Rate on a scale."""

    type: Literal["score"]
    levels: Annotated[list[Level], Field(fail_fast=True)] = Field(min_length=1, max_length=255)


Question = ChoiceQuestion | PredicateQuestion | ScoreQuestion


class DecisionBody(OurOptions):
    """An input and questions about it."""

    model: WireText
    input: Annotated[Any, BeforeValidator(_user_text), WithJsonSchema(_INPUT_SCHEMA)]
    questions: Annotated[
        list[Annotated[Question, Field(discriminator="type")]], Field(fail_fast=True)
    ] = Field(
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
    hypothesis_template: HypothesisTemplate = Field(
        default=None,
        description=f"Ours: a text with {PLACE} for a value of a choice by entailment.",
        examples=[TEMPLATE],
    )
    explain: Explain = None


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


class EntailedChoice(ChoiceAnswer):
    """The option whose hypothesis the input entails the most; no value is a label of the model."""

    method: Literal["entailment"] = "entailment"


class PredicateAnswer(WireModel):
    """The probability of the statement."""

    type: Literal["predicate"] = "predicate"
    name: str | None
    probability: float


class Refusal(WireModel):
    """The model cannot answer this question."""

    type: Literal["refusal"] = "refusal"
    name: str | None


Answer = ChoiceAnswer | EntailedChoice | PredicateAnswer | Refusal


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
    answers: list[Answer]
    usage: DecisionUsage
    truncation: TruncationNote | None = None


class ExplainedDecisionResponse(DecisionResponse):
    """The same for ``explain``: what each word or sentence of the input does to the labels."""

    explanation: ExplanationNote
