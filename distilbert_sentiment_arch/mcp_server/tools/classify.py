"""Tool ``classify``: labels of texts, with scores and, if asked for, explanations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    ClassifyRequest,
    FallbackPolicy,
    Scoring,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import Explanations, PassLimits
from distilbert_sentiment_arch.lexicon.word_list import HIGHEST
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.mcp_server.tool import Arguments, Tool
from distilbert_sentiment_arch.serving.dialects.explanation_format import (
    Explain,
    ExplanationNote,
    explanation_notes,
)
from distilbert_sentiment_arch.serving.dialects.our_fields import Origin, TruncationNote, origin
from distilbert_sentiment_arch.serving.wire import (
    Counted,
    ValidText,
    WireModel,
    WireText,
)

MOST_NUMBERS = 16_384
"""Most numbers in the explanations of one answer, two for each unit and label: what calls a tool
reads every one of them."""


class LexiconOptions(Arguments):
    """How a word list scores."""

    modifiers: StrictBool | None = Field(
        default=None,
        description="Whether English negators, boosters and dampeners change scores; the server's "
        "setting by default.",
    )
    neutral_band: float | None = Field(
        default=None,
        ge=0,
        le=HIGHEST,
        description="Means this close to 0 are NEUTRAL; the server's setting by default.",
    )


class ClassifyArguments(Arguments):
    """Texts to classify, and options."""

    texts: Annotated[list[ValidText], Counted] = Field(description="Texts to classify.")
    model: WireText | None = Field(
        default=None,
        description="A name that list_models lists: the model, which is the default, or a word "
        "list, which answers at once and in English only. Never a path or a hub id.",
    )
    truncation: TruncationMode | None = Field(
        default=None,
        description="What to do with a text over the model's limit of tokens: cut off its start or "
        "its end, or read all of it in overlapping windows. Such a text is refused by default.",
    )
    explain: Explain = None
    fallback: FallbackPolicy | None = Field(
        default=None,
        description="When a word list may answer in place of the model: never (off), where the "
        "queue is full or the deadline passed (overload), or wherever the model cannot answer "
        "(always-available). It narrows what the server allows and never widens it.",
    )
    lexicon: LexiconOptions | None = Field(
        default=None, description="How a word list scores, where one answers."
    )


class TextAnswer(WireModel):
    """The answer for one text."""

    index: int = Field(description="Place of the text in the call, from 0.")
    label: str
    scores: dict[str, float] = Field(
        description="By label: probabilities, or what lexicon.scale says."
    )
    truncation: TruncationNote | None = Field(
        description="What was read of a text over the limit; null where all was read at once."
    )
    explanation: ExplanationNote | None = Field(
        description="What each word or sentence does to the answer; null if it was not asked for."
    )


class ClassifyResult(Origin):
    """Answers, in the order of the texts, and what gave them."""

    model: str
    answers: list[TextAnswer]


async def classify(
    services: Services, arguments: ClassifyArguments, report: Report
) -> ClassifyResult:
    """Classifies texts, all of them or none, as ``POST /classify`` of a server does."""
    classifier = services.classifier(arguments.model)
    services.check_size(arguments.texts)
    request = ClassifyRequest(
        arguments.texts,
        Truncation(arguments.truncation) if arguments.truncation else None,
        fallback=arguments.fallback,
        scoring=_scoring(services, arguments.lexicon),
    )
    async with services.load_reported(classifier, report):
        if arguments.explain is None:
            answers = await classifier.classify(request)
            return _result(answers, [None] * len(answers.classifications))
        limits = services.limits
        allowed = PassLimits(limits.max_passes, MOST_NUMBERS, limits.deadline_s)
        found: Explanations = await explain(
            classifier, request, arguments.explain.to_options(), allowed
        )
    return _result(found.answers, await explanation_notes(found))


def _scoring(services: Services, asked: LexiconOptions | None) -> Scoring | None:
    if asked is None:
        return None
    own = services.lexicons[0].scoring
    return Scoring(
        modifiers=own.modifiers if asked.modifiers is None else asked.modifiers,
        neutral_band=own.neutral_band if asked.neutral_band is None else asked.neutral_band,
    )


def _result(answers: Answers, notes: list[ExplanationNote] | list[None]) -> ClassifyResult:
    return ClassifyResult(
        **dict(origin(answers)),
        model=answers.model,
        answers=[
            _answer(index, answer, note)
            for index, (answer, note) in enumerate(zip(answers.classifications, notes, strict=True))
        ],
    )


def _answer(index: int, answer: Classification, note: ExplanationNote | None) -> TextAnswer:
    return TextAnswer(
        index=index,
        label=answer.label,
        scores=dict(zip(answer.labels.names, answer.scores, strict=True)),
        truncation=TruncationNote.of(answer),
        explanation=note,
    )


TOOL = Tool(
    name="classify",
    title="Classify texts",
    description=(
        "Gives each text one of the labels of the model {model}: {labels}; with a score for every "
        "label, and on request with what each word does to the answer. Send many texts in one "
        "call. The first call may wait for the model to load."
    ),
    arguments=ClassifyArguments,
    result=ClassifyResult,
    run=classify,
)
