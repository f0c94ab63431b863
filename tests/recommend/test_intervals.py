"""Estimates and their intervals, held against SciPy and against the distribution they are for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from distilbert_sentiment_arch.recommend.intervals import (
    CONFIDENCE,
    Window,
    expanded_tail,
    order_statistics,
    percentile,
    rate,
    requests_for,
)


def window(latencies: list[float], seconds: float = 0.5, texts: int | None = None) -> Window:
    return Window(seconds, len(latencies) if texts is None else texts, latencies)


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("count", [1, 5, 59, 367, 368, 1000, 20_000])
def test_order_statistics_are_those_of_the_binomial_distribution(
    count: int, quantile: float
) -> None:
    tail = (1 - CONFIDENCE) / 2
    places = np.arange(1, count + 1)
    # The value at a place is above the percentile where fewer than `place` values are below it.
    above = stats.binom.cdf(places - 1, count, quantile)
    below = stats.binom.sf(places - 1, count, quantile)
    first, last = places[above <= tail], places[below <= tail]
    assert order_statistics(count, quantile) == (
        int(first.max()) if len(first) else None,
        int(last.min()) if len(last) else None,
    )


def test_the_number_of_requests_from_which_p99_is_bounded() -> None:
    needed = requests_for(0.99)
    assert order_statistics(needed, 0.99)[1] == needed
    assert order_statistics(needed - 1, 0.99)[1] is None


def test_too_few_requests_leave_the_upper_end_of_p99_open() -> None:
    found = percentile([window([1.0, 2.0, 3.0]), window([4.0, 5.0])], 0.99)
    assert (found.value, found.high) == (5.0, None)
    enough = [window(list(map(float, range(200)))), window(list(map(float, range(200, 400))))]
    assert percentile(enough, 0.99).high == 399


@pytest.mark.parametrize("quantile", [0.5, 0.99])
def test_a_percentile_is_numpys_observed_one(quantile: float) -> None:
    values = np.random.default_rng(1).exponential(1, 997)
    parts = [window(list(part)) for part in np.array_split(values, 12)]
    expected = np.quantile(values, quantile, method="inverted_cdf")
    assert percentile(parts, quantile).value == expected


@pytest.mark.parametrize("quantile", [0.5, 0.99])
def test_intervals_of_independent_latencies_hold_the_true_percentile_as_often_as_they_say(
    quantile: float,
) -> None:
    generator = np.random.default_rng(19)
    truth = stats.expon.ppf(quantile)
    held = 0
    for _ in range(60):
        parts = np.array_split(generator.exponential(1, 800), 10)
        found = percentile([window(list(part)) for part in parts], quantile)
        assert found.high is not None
        held += found.low <= truth <= found.high
    # With 60 trials of 95%, fewer than 51 would come once in a thousand times.
    assert held >= stats.binom.ppf(0.001, 60, CONFIDENCE)


def test_slow_windows_widen_the_interval() -> None:
    steady = [window([1.0, 1.1, 1.2] * 50) for _ in range(12)]
    slow = [*steady[:6], *(window([4.0, 4.1, 4.2] * 50) for _ in range(6))]
    calm, torn = percentile(steady, 0.5), percentile(slow, 0.5)
    assert calm.high is not None
    assert torn.high is not None
    assert torn.high - torn.low > 10 * (calm.high - calm.low)


def expanded(windows: int) -> float:
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, windows - 1)
    return float(stats.norm.cdf(-np.sqrt(windows / (windows - 1)) * quantile))


@pytest.mark.parametrize("windows", [2, 3, 4, 5, 6, 7, 12, 31, 200])
def test_few_windows_widen_the_interval_by_students_t(windows: int) -> None:
    assert expanded_tail(windows) == pytest.approx(expanded(windows), rel=1e-6)


@pytest.mark.parametrize("windows", [4, 12])
def test_intervals_of_rates_hold_the_true_one_as_often_as_they_say(windows: int) -> None:
    generator = np.random.default_rng(windows)
    held = 0
    for _ in range(100):
        drawn = generator.normal(100, 15, windows)
        found = rate([Window(1, texts, []) for texts in drawn])  # type: ignore[arg-type]
        assert found.high is not None
        held += found.low <= 100 <= found.high
    assert held >= stats.binom.ppf(0.001, 100, 0.9)


def test_one_window_says_nothing_of_the_spread() -> None:
    found = rate([Window(0.5, 100, [])])
    assert (found.value, found.low, found.high) == (200, 0, None)
    assert percentile([window(list(map(float, range(400))))], 0.99).high is None


def test_the_rate_and_its_interval_are_scipys_bootstrap_of_the_ratio() -> None:
    generator = np.random.default_rng(3)
    texts = generator.poisson(300, 40)
    seconds = generator.uniform(0.4, 0.6, 40)
    found = rate([Window(s, int(t), []) for s, t in zip(seconds, texts, strict=True)])
    assert found.value == pytest.approx(texts.sum() / seconds.sum())
    expected = stats.bootstrap(
        (texts, seconds),
        lambda t, s, axis: t.sum(axis=axis) / s.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        confidence_level=1 - 2 * expanded(40),
        n_resamples=9999,
        rng=np.random.default_rng(0),
    ).confidence_interval
    width = expected.high - expected.low
    assert found.low == pytest.approx(expected.low, abs=0.1 * width)
    assert found.high == pytest.approx(expected.high, abs=0.1 * width)
