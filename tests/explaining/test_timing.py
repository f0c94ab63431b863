"""Timing of a function over texts."""

from __future__ import annotations

import time

from scripts.explaining.timing import nanoseconds_of


def test_texts_are_taken_in_turn_after_an_untimed_one() -> None:
    seen: list[str] = []
    found = nanoseconds_of(seen.append, ["a", "b", "c"], seconds=0, least=5)
    assert len(found) == 5
    assert seen == ["c", "a", "b", "c", "a", "b"]


def test_the_first_call_is_not_timed_and_each_other_is() -> None:
    waits = iter([0.2, 0.001, 0.02, 0.001])
    found = nanoseconds_of(lambda _: time.sleep(next(waits)), ["a"], seconds=0, least=3)
    assert max(found) == found[1]
    assert found[1] >= 20_000_000


def test_it_goes_on_for_the_time_that_was_asked_for() -> None:
    start = time.perf_counter()
    found = nanoseconds_of(lambda _: time.sleep(0.001), ["a"], seconds=0.05, least=1)
    assert time.perf_counter() - start >= 0.05
    assert len(found) > 1
