"""Options of explanations and the explanations themselves, the same in every dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Self, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

from distilbert_sentiment_arch.explain.explanation import (
    DEFAULT_PASSES,
    MOST_SEED,
    ExplainOptions,
    Explanation,
    Explanations,
    Method,
    UnitChoice,
    UnitKind,
    UsedMethod,
)
from distilbert_sentiment_arch.serving.dialects.our_fields import TruncationNote
from distilbert_sentiment_arch.serving.wire import WireModel
from distilbert_sentiment_arch.worker_threads import in_thread

_MOST_PASSES = 1_000_000

_THREAD_UNITS = 1024
"""Number of units from which they are written in a thread; it takes about 3 ms."""

Note = TypeVar("Note", bound=WireModel)


class ExplainFields(WireModel):
    """How to explain an answer."""

    method: Method = Field(
        default="leave_one_out",
        description="leave_one_out: without each unit in turn. owen: Owen values, which sum to the "
        "difference between the text and the empty text.",
    )
    units: UnitChoice = Field(
        default="auto", description="auto: words, or sentences where there are many words."
    )
    passes: StrictInt | None = Field(
        default=None,
        ge=2,
        le=_MOST_PASSES,
        description=f"Most passes of owen over a text; by default {DEFAULT_PASSES}, or two for "
        "each unit.",
    )
    seed: StrictInt = Field(
        default=0, ge=0, le=MOST_SEED, description="Seed of the samples of owen."
    )

    def to_options(self) -> ExplainOptions:
        """Returns the options."""
        return ExplainOptions(self.method, self.units, self.passes, self.seed)


class ExplainObject(ExplainFields):
    """The same as an object of its own, in which nothing else may stand."""

    model_config = ConfigDict(extra="forbid")


def _parse(value: Any) -> Any:
    if value is True:
        return {}
    if value is False:
        return None
    if value is not None and not isinstance(value, dict):
        raise ValueError("is neither true nor an object of options")
    return value


Explain = Annotated[
    ExplainObject | None,
    BeforeValidator(_parse, json_schema_input_type=StrictBool | ExplainObject | None),
    Field(description="Ours: what each word or sentence does to the answer; true or options."),
]
"""Type of the field ``explain``; None where no explanation is asked for."""


class UnitNote(WireModel):
    """A word or sentence: its span in code points, and the change that it makes for each label."""

    start: int
    end: int
    text: str
    logits: list[float]
    probs: list[float]


class BaseNote(WireModel):
    """The answer to the empty text."""

    logits: list[float]
    probs: list[float]


class ExplanationNote(WireModel):
    """What each unit does to an answer, and what finding out took."""

    base: BaseNote
    method: UsedMethod
    unit: UnitKind
    passes: int
    tokens: int
    seed: int | None
    units: list[UnitNote]

    @classmethod
    def of(cls, found: Explanation, **more: Any) -> Self:
        """Returns the note for an explanation, with more fields of a subclass."""
        return cls(
            base=BaseNote(logits=list(found.base.logits), probs=list(found.base.scores)),
            method=found.method,
            unit=found.unit,
            passes=found.passes,
            tokens=found.tokens,
            seed=found.seed,
            units=[
                UnitNote.model_construct(
                    start=each.start,
                    end=each.end,
                    text=each.text,
                    logits=each.logits,
                    probs=each.scores,
                )
                for each in found.units
            ],
            **more,
        )


class ClassifiedText(WireModel):
    """The answer for one text, with all its numbers."""

    index: int
    label: str
    labels: list[str]
    logits: list[float]
    probs: list[float]
    truncation: TruncationNote | None = None


class ExplainedAnswer(ExplanationNote, ClassifiedText):
    """The answer for one text, and what each unit does to it."""


async def explained_answers(found: Explanations) -> list[ExplainedAnswer]:
    """Returns the answers of a request, in the order of its texts."""
    return await _made(found, _explained_answers)


async def explanation_notes(found: Explanations) -> list[ExplanationNote]:
    """Returns the explanations of a request, in the order of its texts."""
    return await _made(found, _explanation_notes)


async def _made(found: Explanations, make: Callable[[Explanations], list[Note]]) -> list[Note]:
    units = sum(len(each.units) for each in found.explanations)
    return make(found) if units < _THREAD_UNITS else await in_thread(units, make, found)


def _explanation_notes(found: Explanations) -> list[ExplanationNote]:
    return [ExplanationNote.of(each) for each in found.explanations]


def _explained_answers(found: Explanations) -> list[ExplainedAnswer]:
    return [
        ExplainedAnswer.of(
            each,
            index=index,
            label=each.classification.label,
            labels=list(each.classification.labels.names),
            logits=list(each.classification.logits),
            probs=list(each.classification.scores),
            truncation=TruncationNote.of(each.classification),
        )
        for index, each in enumerate(found.explanations)
    ]
