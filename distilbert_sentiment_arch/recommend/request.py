"""What a recommendation is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.settings.precision import PRECISIONS, Precision

Goal = Literal["latency", "throughput", "cost"]
"""``latency``: a lone request is answered soonest. ``throughput``: most texts a second of this
machine. ``cost``: least to pay for a text."""
GOALS: tuple[Goal, ...] = get_args(Goal)

SECONDS = 60.0
"""Default seconds of measuring; the starts of what is measured come on top."""

LEAST_AGREEMENT = 99.0
"""Default percentage of labels that have to be float32's."""

_CALLERS: dict[Goal, int] = {"latency": 1, "throughput": 16, "cost": 16}

_LEVELS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True)
class Prices:
    """What an hour of each resource costs, in any unit, for the goal ``cost``.

    Attributes:
        core: An hour of a logical processor. With 1, and 0 for the others, the cost of a million
            texts is in core-hours.
        gigabyte: An hour of a gigabyte (1e9 bytes) of memory.
        accelerator: An hour of an accelerator; None: not known, so that none is recommended.
    """

    core: float = 1.0
    gigabyte: float = 0.0
    accelerator: float | None = None


@dataclass(frozen=True)
class RecommendRequest:
    """What to recommend settings for.

    Attributes:
        goal: What counts.
        model: A directory, a hub id, or None for the embedded default.
        revision: Revision of a hub id.
        texts: Texts as they will come; empty for the built-in ones.
        p99_ms: Most milliseconds that 99 of 100 requests may take; None for any.
        least_agreement: Percentage of the given texts whose label in a lower precision has to be
            that in float32.
        seconds: Seconds of measuring.
        callers: Clients that each send a request on the answer to the one before. None: one for
            ``latency``, 16 for others; with ``p99_ms``, as many of 1, 2, 4, ... 32 as keep it.
        texts_per_request: Texts in a request.
        prices: For the goal ``cost``.
        precisions: Precisions to try where this machine has units for them; float32, which the
            others are compared with, always is.
        remember: Keep the result for ``serve --auto``.

    Raises:
        RecommendError: A value makes no sense.
    """

    goal: Goal
    model: str | None = None
    revision: str | None = None
    texts: tuple[str, ...] = ()
    p99_ms: float | None = None
    least_agreement: float = LEAST_AGREEMENT
    seconds: float = SECONDS
    callers: int | None = None
    texts_per_request: int = 1
    prices: Prices = Prices()
    precisions: tuple[Precision, ...] = PRECISIONS
    remember: bool = True

    def __post_init__(self) -> None:
        """Checks the values."""
        if self.goal not in GOALS:
            raise RecommendError(f"--goal is {self.goal!r}; possible are {', '.join(GOALS)}.")
        unknown = [each for each in self.precisions if each not in PRECISIONS]
        if unknown:
            raise RecommendError(
                f"--precisions names {unknown[0]!r}; possible are {', '.join(PRECISIONS)}."
            )
        for flag, value in {
            "--p99-ms": self.p99_ms,
            "--seconds": self.seconds,
            "--callers": self.callers,
            "--texts-per-request": self.texts_per_request,
        }.items():
            if value is not None and not (math.isfinite(value) and value > 0):
                raise RecommendError(f"{flag} is {value:g}; give a number above 0.")
        if not 0 <= self.least_agreement <= 100:
            raise RecommendError(
                f"--least-agreement is {self.least_agreement:g}; give a percentage, 0 to 100."
            )
        prices = self.prices
        for flag, price in {
            "--core-price": prices.core,
            "--gb-price": prices.gigabyte,
            "--accelerator-price": prices.accelerator,
        }.items():
            if price is not None and not (math.isfinite(price) and price >= 0):
                raise RecommendError(f"{flag} is {price:g}; give a number, 0 or more.")
        if self.goal == "cost" and not prices.core and not prices.gigabyte:
            raise RecommendError(
                "--core-price and --gb-price are both 0, and nothing costs anything. Set one."
            )

    @property
    def levels(self) -> tuple[int, ...]:
        """Numbers of callers to measure a server with."""
        if self.callers is not None:
            return (self.callers,)
        return (_CALLERS[self.goal],) if self.p99_ms is None else _LEVELS

    @property
    def screened_callers(self) -> int:
        """Callers of the first measurements, without a server."""
        return self.levels[-1] if self.callers or self.p99_ms is None else _CALLERS["throughput"]
