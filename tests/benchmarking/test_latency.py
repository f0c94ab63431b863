"""Percentiles, and the correction for coordinated omission."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scripts.benchmarking.latency import corrected, percentiles


def test_percentiles_are_observed_values() -> None:
    found = percentiles(range(1, 1001))
    assert found == {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "max": 1000}


def test_percentiles_of_nothing_are_not_numbers() -> None:
    assert all(math.isnan(value) for value in percentiles([]).values())


def stalling(gap_ms: float, *, waits: bool) -> list[float]:
    """Latencies of a server over 10 s; it answers in 1 ms, but stops for one second at 5 s.

    A caller that does not wait asks every ``gap_ms``; one that waits asks that long after its last
    request, or when that is answered if this is later.
    """
    latencies, now = [], 0.0
    while now < 10_000:
        done = 6_000 + 1 if 5_000 <= now < 6_000 else now + 1
        latencies.append(done - now)
        now = max(now + gap_ms, done) if waits else now + gap_ms
    return latencies


def test_correction_adds_the_latencies_that_a_waiting_caller_omits() -> None:
    truth = np.array(stalling(10, waits=False))
    seen = np.array(stalling(10, waits=True))
    assert percentiles(truth)["p99"] > 800
    assert percentiles(seen)["p99"] == 1  # one bad sample in 900 hides the stall
    restored = corrected(seen, 10)
    assert len(restored) == pytest.approx(len(truth), rel=0.01)
    for name in ("p50", "p90", "p99", "max"):
        assert percentiles(restored)[name] == pytest.approx(percentiles(truth)[name], abs=15)


def test_steady_latencies_are_not_changed() -> None:
    assert corrected([5.0, 5.0, 9.9], 5.0).tolist() == [5.0, 5.0, 9.9]
    assert corrected([], 5.0).tolist() == []
