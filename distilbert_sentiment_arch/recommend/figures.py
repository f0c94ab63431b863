"""Figures of a server with some settings, and what was said against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.intervals import Estimate, Window, percentile, rate
from distilbert_sentiment_arch.recommend.request import Prices

_MILLION = 1_000_000
_HOUR_S = 3600.0
_GB = 1e9
_MB = 1e6


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        texts_per_second: Texts answered.
        p50_ms: Median latency of a request, milliseconds.
        p99_ms: Its 99th percentile.
        cost: Of a million texts; see ``Prices``.
        memory_mb: Most memory seen, MB, and the least and most; None without a server.
        requests: Requests answered.
        failed: Requests refused or broken off.
    """

    texts_per_second: Estimate
    p50_ms: Estimate
    p99_ms: Estimate
    cost: Estimate
    memory_mb: Estimate | None
    requests: int
    failed: int


@dataclass(frozen=True)
class Point:
    """Settings, a number of callers, and what was measured with them."""

    candidate: Candidate
    callers: int
    figures: Figures


def figures_of(
    candidate: Candidate,
    windows: Sequence[Window],
    failed: int,
    memory: Sequence[int],
    prices: Prices,
) -> Figures:
    """Returns the figures of measured windows.

    Args:
        candidate: What was measured.
        windows: At least one request in all of them.
        failed: Requests that failed.
        memory: Readings of the memory, bytes; empty for none.
        prices: What resources cost.
    """
    texts_per_second = rate(windows)
    memory_mb = None
    if memory and max(memory):
        most = max(memory) / _MB
        memory_mb = Estimate(most, min(memory) / _MB, most)
    an_hour = candidate.cores * prices.core + max(memory, default=0) / _GB * prices.gigabyte
    if candidate.accelerator:
        an_hour += prices.accelerator or 0.0
    return Figures(
        texts_per_second,
        percentile(windows, 0.5),
        percentile(windows, 0.99),
        _cost(an_hour, texts_per_second),
        memory_mb,
        sum(len(each.latencies_ms) for each in windows),
        failed,
    )


def _cost(an_hour: float, texts_per_second: Estimate) -> Estimate:
    def of(texts: float) -> float:
        return an_hour * _MILLION / (texts * _HOUR_S)

    fastest, slowest = texts_per_second.high, texts_per_second.low
    return Estimate(
        of(texts_per_second.value),
        of(fastest) if fastest else 0.0,
        of(slowest) if slowest else None,
    )
