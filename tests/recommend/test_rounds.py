"""Rounds of servers whose speed is known, in place of real ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from distilbert_sentiment_arch.recommend import rounds
from distilbert_sentiment_arch.recommend.candidates import Candidate, default_candidate
from distilbert_sentiment_arch.recommend.closed_loop import Measured
from distilbert_sentiment_arch.recommend.figures import Point
from distilbert_sentiment_arch.recommend.intervals import Window
from distilbert_sentiment_arch.recommend.request import RecommendRequest
from distilbert_sentiment_arch.recommend.rounds import Rounds
from distilbert_sentiment_arch.recommend.screening import NotMeasured

DEFAULT = default_candidate(2)
INT8 = Candidate("cpu", "int8", 2, 512)
BROKEN = Candidate("cpu", "bfloat16", 2, 512)
WRONG = Candidate("cpu", "bfloat16x3", 2, 512)
CANDIDATES = (DEFAULT, INT8, BROKEN, WRONG)

MS = {DEFAULT: 10.0, INT8: 4.0}
"""What a request takes; a server answers one at a time, so that N callers wait N times as long."""


class KnownServer:
    def __init__(self, candidate: Candidate, measured: list[tuple[Candidate, int, float]]) -> None:
        self.memory = [500_000_000]
        self._candidate = candidate
        self._measured = measured

    def why_wrong(self, wanted: Candidate) -> str | None:
        return "it computes in float32: no unit" if self._candidate == WRONG else None

    def measure(self, callers: int, seconds: float, cancelled: threading.Event) -> Measured:
        self._measured.append((self._candidate, callers, seconds))
        ms = MS[self._candidate]
        count = int(seconds * 1000 / ms)
        return Measured([Window(seconds, count, [callers * ms] * count)])

    def watch_memory(self, callers: int, cancelled: threading.Event) -> None:
        self.memory.append(600_000_000)


class Servers:
    """Starts known servers.

    Attributes:
        up: Those that are up.
        most: Most that were up at a time.
        measured: Candidate, callers and seconds of each turn.
    """

    def __init__(self) -> None:
        self.up = 0
        self.most = 0
        self.measured: list[tuple[Candidate, int, float]] = []

    @contextmanager
    def running(self, directory: Path, flags: Sequence[str], *_: object) -> Iterator[KnownServer]:
        (candidate,) = [each for each in CANDIDATES if each.flags(2) == flags]
        if candidate == BROKEN:
            raise NotMeasured("the server ended with 1: no memory")
        self.up += 1
        self.most = max(self.most, self.up)
        yield KnownServer(candidate, self.measured)
        self.up -= 1


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    found = Servers()
    monkeypatch.setattr(rounds, "running", found.running)
    monkeypatch.setattr(rounds, "available_memory", lambda: 10**11)
    return found


def measured(request: RecommendRequest, seconds: float) -> tuple[list[Point], dict[Candidate, str]]:
    steps: list[str] = []
    made = Rounds(
        Path(), [["a"]], request, lambda each: each.flags(2), steps.append, threading.Event()
    )
    return made.run(CANDIDATES, seconds), made.failed


def test_servers_take_turns_and_failing_ones_are_named(servers: Servers) -> None:
    points, failed = measured(RecommendRequest("throughput"), 40)
    assert {each.candidate: each.callers for each in points} == {DEFAULT: 16, INT8: 16}
    assert failed == {
        BROKEN: "the server ended with 1: no memory",
        WRONG: "it computes in float32: no unit",
    }
    # In each round each has a turn, and all are up meanwhile.
    turns = [candidate for candidate, _, _ in servers.measured]
    assert len(turns) == 2 * Rounds.MOST
    for place in range(0, len(turns), 2):
        assert {*turns[place : place + 2]} == {DEFAULT, INT8}
    assert (servers.most, servers.up) == (3, 0)
    # Each of the four was given a quarter of the time.
    assert sum(seconds for _, _, seconds in servers.measured) == pytest.approx(20)


def test_figures_are_those_of_the_server(servers: Servers) -> None:
    points, _ = measured(RecommendRequest("throughput"), 40)
    figures = {each.candidate: each.figures for each in points}
    assert figures[INT8].texts_per_second.value == pytest.approx(250, rel=0.01)
    assert figures[INT8].p50_ms.value == 64
    memory = figures[INT8].memory_mb
    assert memory is not None
    assert (memory.value, memory.low) == (600, 500)


def test_of_a_bound_the_callers_that_keep_it_are_measured_at_length(servers: Servers) -> None:
    points, _ = measured(RecommendRequest("latency", p99_ms=35), 60)
    # 10 ms each: 2 callers wait 20 ms, 4 wait 40. 4 ms each: 8 callers wait 32 ms.
    found = {(each.candidate, each.callers) for each in points}
    assert {callers for candidate, callers in found if candidate == DEFAULT} <= {1, 2}
    assert {callers for candidate, callers in found if candidate == INT8} <= {1, 2, 4, 8}
    assert len(found) == 4
    assert sum(seconds for _, _, seconds in servers.measured) == pytest.approx(30, rel=0.01)


def test_where_memory_is_short_one_is_measured_behind_the_other(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "available_memory", lambda: 600_000_000)
    points, _ = measured(RecommendRequest("throughput"), 40)
    assert len(points) == 2
    assert servers.most == 1


def test_a_server_that_fails_under_load_leaves_the_others(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = KnownServer.measure

    def failing(
        self: KnownServer, callers: int, seconds: float, event: threading.Event
    ) -> Measured:
        if self._candidate == INT8 and servers.measured.count((INT8, callers, seconds)) == 1:
            raise NotMeasured("the server ended with -9 under load")
        return measure(self, callers, seconds, event)

    monkeypatch.setattr(KnownServer, "measure", failing)
    points, failed = measured(RecommendRequest("throughput"), 40)
    assert [each.candidate for each in points] == [DEFAULT]
    assert failed[INT8] == "the server ended with -9 under load"
