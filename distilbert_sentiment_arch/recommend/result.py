"""A recommendation, and what was measured for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.figures import Figures
from distilbert_sentiment_arch.recommend.request import RecommendRequest

Stage = Literal["not measured", "without a server", "served"]


@dataclass(frozen=True)
class Row:
    """Settings, and what became of them.

    Attributes:
        candidate: The settings.
        stage: How far they came.
        reason: Why they are not recommended; empty for those that are.
        agreement: Percentage of labels equal to float32's; None where not compared.
        callers: Callers that it was measured with.
        figures: What was measured; None for nothing.
    """

    candidate: Candidate
    stage: Stage
    reason: str = ""
    agreement: float | None = None
    callers: int | None = None
    figures: Figures | None = None


@dataclass(frozen=True)
class Recommendation:
    """Settings for a goal, and what to expect of them.

    Attributes:
        request: What was asked for.
        model: Name of the model.
        made_at: When, in UTC, ISO 8601.
        texts: The texts that were measured with, in words.
        machine: The processor, and how many of its logical processors were used.
        versions: Versions of this package and of MAX.
        chosen: The settings.
        flags: Flags of ``max-sentiment serve`` that make them so.
        callers: Callers that the figures hold for.
        figures: What to expect.
        rows: All settings that make sense here, the chosen ones first.
        seconds: Seconds that it took.
        remembered: Whether ``serve --auto`` finds it.
    """

    request: RecommendRequest
    model: str
    made_at: str
    texts: str
    machine: str
    versions: dict[str, str]
    chosen: Candidate
    flags: Sequence[str]
    callers: int
    figures: Figures
    rows: Sequence[Row]
    seconds: float
    remembered: bool


@dataclass(frozen=True)
class Progress:
    """What is being done.

    Attributes:
        message: A line.
        done: Steps that are done.
        total: Steps in all, as far as known.
    """

    message: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]
