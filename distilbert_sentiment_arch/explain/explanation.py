"""Requests for explanations, and the explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from distilbert_sentiment_arch.classify.interface import Answers, Classification

Method = Literal["leave_one_out", "owen"]
METHODS: tuple[Method, ...] = get_args(Method)
UsedMethod = Literal["leave_one_out", "owen", "sums"]
"""The method of an explanation; ``sums`` is that of word lists, whatever was asked for."""
UnitChoice = Literal["auto", "word", "sentence"]
UNIT_CHOICES: tuple[UnitChoice, ...] = get_args(UnitChoice)
UnitKind = Literal["word", "sentence"]

DEFAULT_PASSES = 256
"""Budget of ``owen`` over a text where the request names none, unless the units take more. Where a
text is read in windows, so is each pass, and the budget is divided by their number."""
MOST_SEED = 2**53 - 1
"""The largest seed: JSON numbers of every language hold it."""


@dataclass(frozen=True)
class ExplainOptions:
    """How to explain.

    Attributes:
        method: ``leave_one_out`` leaves out one unit at a time; ``owen`` estimates Owen values.
        units: ``auto`` for words, or sentences where there are many words.
        passes: Most passes of ``owen`` over one text; None for the default.
        seed: Seed of the samples of ``owen``.
    """

    method: Method = "leave_one_out"
    units: UnitChoice = "auto"
    passes: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class PassLimits:
    """Limits on the work of one request; None for no limit.

    Attributes:
        passes: Most passes, over all texts of the request.
        values: Most numbers in the explanations of a request.
        deadline_s: Seconds within which it is answered or refused.
    """

    passes: int | None = None
    values: int | None = None
    deadline_s: float | None = None


@dataclass(frozen=True)
class Unit:
    """A word or sentence, and the signed change that it makes for each label.

    Attributes:
        start: Position of its first character (code point) in the text as sent.
        end: Position after its last character.
        text: The characters between.
        logits: Change of each label's logit; positive speaks for the label.
        scores: Change of each label's score, which for most heads is a probability.
    """

    start: int
    end: int
    text: str
    logits: Sequence[float]
    scores: Sequence[float]


@dataclass(frozen=True)
class Base:
    """The answer to the empty text, one number a label."""

    logits: Sequence[float]
    scores: Sequence[float]


@dataclass(frozen=True)
class Explanation:
    """Why a text got its classification.

    Attributes:
        classification: The classification of the whole text.
        base: The answer to the empty text.
        method: How the changes were found.
        unit: What the units are.
        passes: Different texts that were read, the text itself and the empty one included.
        tokens: Tokens that were read in all passes; for a word list the words of the text.
        seed: Seed of the samples; None where nothing is random.
        units: In the order of the text. They cover all of it but the white space between.
    """

    classification: Classification
    base: Base
    method: UsedMethod
    unit: UnitKind
    passes: int
    tokens: int
    seed: int | None
    units: Sequence[Unit]


@dataclass(frozen=True)
class Explanations:
    """The explanations of a request.

    Attributes:
        answers: The answers to the texts themselves; times and batch sizes are those of all passes.
        explanations: In the order of the texts.
    """

    answers: Answers
    explanations: Sequence[Explanation]

    @property
    def tokens(self) -> int:
        """Tokens read in all passes over all texts."""
        return sum(each.tokens for each in self.explanations)

    @property
    def passes(self) -> int:
        """Passes over all texts."""
        return sum(each.passes for each in self.explanations)
