"""Medians and bootstrap intervals, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from scripts.benchmarking.statistics import Bootstrap, spread


@pytest.mark.parametrize("size", [5, 9, 40])
def test_median_and_interval_are_scipys(size: int) -> None:
    values = np.random.default_rng(size).lognormal(2, 0.4, size)
    ours = Bootstrap(resamples=20_000, confidence=0.9, seed=1).median(values)
    theirs = scipy.stats.bootstrap(
        (values,),
        np.median,
        n_resamples=20_000,
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert ours.value == np.median(values)
    # With few samples the medians of resamples take few values: allow a neighbouring one.
    gap = np.diff(np.sort(values)).max()
    assert ours.low == pytest.approx(theirs.low, abs=gap * 0.6)
    assert ours.high == pytest.approx(theirs.high, abs=gap * 0.6)


def test_intervals_contain_the_median_as_often_as_the_confidence() -> None:
    generator = np.random.default_rng(7)
    hits = 0
    for trial in range(400):
        estimate = Bootstrap(500, 0.9, trial).median(generator.exponential(1.0, 31))
        hits += estimate.low <= np.log(2) <= estimate.high
    assert 0.84 <= hits / 400 <= 0.97


def test_a_ratio_is_unaffected_by_what_slows_a_whole_round() -> None:
    slowdowns = np.array([1.0, 1.0, 3.0, 1.5, 1.0, 2.2, 1.0])
    ratio = Bootstrap().ratio(list(20 * slowdowns), list(10 * slowdowns))
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2, 2, 2))


def test_the_numbers_of_rounds_must_match() -> None:
    with pytest.raises(ValueError, match="longer"):
        Bootstrap().ratio([1.0, 2.0], [1.0, 2.0, 3.0])


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [1.0, 5.0, 2.0, 8.0, 3.0]
    assert Bootstrap(seed=3).median(values) == Bootstrap(seed=3).median(values)


def test_spread_is_scipys_interquartile_range_over_the_median() -> None:
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0]
    assert spread(values) == pytest.approx(scipy.stats.iqr(values) / np.median(values))
