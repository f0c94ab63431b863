"""Timing of a function over texts, by a clock that the function turns."""

from __future__ import annotations

import pytest

from scripts.explaining import timing
from scripts.explaining.timing import nanoseconds_of


class Clock:
    """Stands still but for the calls of a function, which takes the given times in turn."""

    def __init__(self, *nanoseconds: int) -> None:
        self._waits = iter(nanoseconds)
        self._now = 1_000

    def call(self, text: str) -> None:
        self._now += next(self._waits)

    def perf_counter_ns(self) -> int:
        return self._now

    def perf_counter(self) -> float:
        return self._now / 1e9


def timed(monkeypatch: pytest.MonkeyPatch, clock: Clock, seconds: float, least: int) -> list[int]:
    monkeypatch.setattr(timing, "time", clock)
    return nanoseconds_of(clock.call, ["a"], seconds, least)


def test_texts_are_taken_in_turn_after_an_untimed_one() -> None:
    seen: list[str] = []
    found = nanoseconds_of(seen.append, ["a", "b", "c"], seconds=0, least=5)
    assert len(found) == 5
    assert seen == ["c", "a", "b", "c", "a", "b"]


def test_the_first_call_is_not_timed_and_each_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert timed(monkeypatch, Clock(700, 1, 20, 3), seconds=0, least=3) == [1, 20, 3]


def test_it_goes_on_for_the_time_that_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # The untimed call is not part of it.
    second = 1_000_000_000
    clock = Clock(9 * second, *[second // 2] * 9)
    assert timed(monkeypatch, clock, seconds=2, least=1) == [second // 2] * 4
