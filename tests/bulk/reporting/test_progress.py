"""Where a job stands: rates, time left, and what is counted."""

from __future__ import annotations

from collections import Counter

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.reporting.progress import JobSize, Progress


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rows(count: int, tokens: int = 0) -> Counts:
    return Counts(rows=count, labels=Counter({"yes": count}), tokens=tokens, tokens_read=tokens)


def test_rates_and_time_left_are_those_of_this_run() -> None:
    clock = Clock()
    progress = Progress(clock)
    clock.now += 60  # a model takes a while to load
    progress.begin(JobSize(rows=10_000, rows_done=4_000, parts=10, parts_done=4))
    for _ in range(10):
        clock.now += 1
        progress.scored(rows(100, tokens=2_500))
    progress.part_written("a")
    found = progress.snapshot()
    assert found.rows_done == 5_000
    assert found.rows_per_second == 100
    assert found.tokens_per_second == 2_500
    assert found.seconds_left == 50
    assert (found.seconds, found.scoring_seconds) == (70, 10)
    assert (found.parts, found.counts.rows, found.counts.labels["yes"]) == (1, 1_000, 1_000)


def test_the_rate_is_that_of_the_last_half_a_minute() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.begin(JobSize(rows=100_000))
    for rate in (1_000, 10):
        for _ in range(60):
            clock.now += 1
            progress.scored(rows(rate))
    assert progress.snapshot().rows_per_second == 10


def test_nothing_is_estimated_without_rows_or_without_a_total() -> None:
    clock = Clock()
    progress = Progress(clock)
    assert progress.snapshot().seconds_left is None
    progress.begin(JobSize(rows=None))
    clock.now += 1
    progress.scored(rows(10))
    found = progress.snapshot()
    assert found.rows_per_second == 10
    assert found.seconds_left is None


def test_a_job_with_more_rows_than_were_counted_is_never_late() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.begin(JobSize(rows=5))
    clock.now += 1
    progress.scored(rows(10))
    assert progress.snapshot().seconds_left == 0
