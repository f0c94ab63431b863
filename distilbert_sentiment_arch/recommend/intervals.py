"""Estimates from measured windows, each with an interval of ``CONFIDENCE``.

A window is a stretch of a measurement, about half a second long. Requests within one are alike: the
same neighbours on the machine, the same batches. So intervals are drawn from windows, not from
requests: as many windows as there are, with replacement, again and again. This is the bootstrap, by
the percentile method, its percentiles moved outwards where the windows are few, as Hesterberg does
in "What Teachers Should Know About the Bootstrap" (2015). Of a percentile it is the wider one of
two: this one, and that of order statistics, which is exact for independent requests and knows how
many a percentile takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 2000

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval.

    Attributes:
        value: The figure.
        low: Lower end of the interval.
        high: Upper end; None where too little was measured to bound it.
    """

    value: float
    low: float
    high: float | None


@dataclass(frozen=True)
class Window:
    """A stretch of a measurement.

    Attributes:
        seconds: Its length.
        texts: Texts answered in it.
        latencies_ms: Latency of each request answered in it, milliseconds.
    """

    seconds: float
    texts: int
    latencies_ms: Sequence[float]


def rate(windows: Sequence[Window]) -> Estimate:
    """Returns the texts a second.

    Args:
        windows: At least one.
    """
    texts = np.array([each.texts for each in windows], np.float64)
    seconds = np.array([each.seconds for each in windows], np.float64)
    drawn = _draws(len(windows))
    low, high = _ends(texts[drawn].sum(axis=1) / seconds[drawn].sum(axis=1), len(windows))
    return Estimate(float(texts.sum() / seconds.sum()), low, high)


def percentile(windows: Sequence[Window], quantile: float) -> Estimate:
    """Returns a percentile of the latencies, an observed value.

    Args:
        windows: At least one request in all of them.
        quantile: 0.99 for the 99th percentile.
    """
    answered = [np.array(each.latencies_ms, np.float64) for each in windows if each.latencies_ms]
    values = np.sort(np.concatenate(answered))
    first, last = order_statistics(len(values), quantile)
    drawn = _draws(len(answered))
    low, high = _ends(
        np.array([_at(np.concatenate([answered[i] for i in each]), quantile) for each in drawn]),
        len(answered),
    )
    return Estimate(
        _at(values, quantile),
        min(low, float(values[first - 1])) if first else 0.0,
        max(high, float(values[last - 1])) if last and high is not None else None,
    )


def order_statistics(
    count: int, quantile: float, confidence: float = CONFIDENCE
) -> tuple[int | None, int | None]:
    """Returns which values, counted from 1 for the lowest, bound a percentile.

    Of independent values, the number below the percentile has a binomial distribution. Each end is
    missed with a probability of at most ``(1 - confidence) / 2``.

    Returns:
        Their places; None where no value bounds the percentile on that side.
    """
    tail = (1 - confidence) / 2
    below = 0.0  # probability that fewer than `place` values are below the percentile
    first = last = None
    for place in range(1, count + 1):
        below += _binomial(count, place - 1, quantile)
        if below <= tail:
            first = place
        if 1 - below <= tail:
            last = place
            break
    return first, last


def requests_for(quantile: float, confidence: float = CONFIDENCE) -> int:
    """Returns how many requests it takes until the highest latency bounds a percentile."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(quantile))


def _binomial(count: int, successes: int, chance: float) -> float:
    log = math.lgamma(count + 1) - math.lgamma(successes + 1) - math.lgamma(count - successes + 1)
    return math.exp(log + successes * math.log(chance) + (count - successes) * math.log1p(-chance))


def _draws(count: int) -> npt.NDArray[np.int64]:
    """Returns the drawn windows, ``(RESAMPLES, count)``; the same for the same count."""
    return np.random.default_rng(count).integers(0, count, (RESAMPLES, count))


def _ends(figures: Values, windows: int) -> tuple[float, float | None]:
    """Returns the ends of the interval; of a single window nothing is known."""
    if windows == 1:
        return 0.0, None
    tail = expanded_tail(windows)
    low, high = np.quantile(figures, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(count: int) -> float:
    """Returns which share of the bootstrap's figures is outside on each side, for so many windows.

    The bootstrap takes the spread of a few for that of all: too small by the square root of
    ``count / (count - 1)``, and with the normal distribution's percentiles in place of Student's.
    """
    return NormalDist().cdf(-math.sqrt(count / (count - 1)) * _student(count - 1))


@cache
def _student(freedom: int) -> float:
    """Returns what Student's t exceeds with a probability of ``(1 - CONFIDENCE) / 2``."""
    low, high = 0.0, 1000.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < CONFIDENCE else (low, middle)
    return high


def _within(t: float, freedom: int) -> float:
    """Returns the probability that Student's t is from -t to t (Abramowitz and Stegun, 26.7.3)."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = 0.0
    if freedom > 1:
        term = total = cosine if odd else 1.0
    for number in range(3 if odd else 2, freedom - 1, 2):
        term *= cosine**2 * ((number - 1) / number)
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def _at(values: Values, quantile: float) -> float:
    """Returns the lowest value that as many are at or below as the quantile says."""
    place = math.ceil(len(values) * quantile) - 1
    return float(np.partition(values, place)[place])
