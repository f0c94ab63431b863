"""Rounds in which servers with several settings take turns.

They stay up and idle while another one is measured, so that a slow phase of the machine meets all
of them; where the memory is too small for that, one is measured behind the other.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.choosing import contending_levels
from distilbert_sentiment_arch.recommend.closed_loop import Measured
from distilbert_sentiment_arch.recommend.figures import Point, figures_of
from distilbert_sentiment_arch.recommend.memory import available_memory
from distilbert_sentiment_arch.recommend.request import RecommendRequest
from distilbert_sentiment_arch.recommend.screening import NotMeasured
from distilbert_sentiment_arch.recommend.served import MeasuredServer, running

_SHORT = 1 / 3
"""Share of the time that goes into finding out how many callers keep the bound."""

_TURN_S = 1.5
_LEAST_TURN_S = 0.3

_SPARE_MEMORY = 1.5
"""Times the memory of a server at rest that has to be available for another one."""

_Key = tuple[Candidate, int]


class Rounds:
    """Measures servers.

    Args:
        directory: The checkpoint's directory.
        requests: Texts of each request.
        request: The goal, its bound, and the callers.
        flags: Returns the flags of ``serve`` for settings.
        step: Called before each step, with what it is.
        cancelled: Set to give up.

    Attributes:
        failed: Settings whose server failed, and how.
    """

    MOST: ClassVar[int] = 6
    """Most turns of each server."""

    def __init__(
        self,
        directory: Path,
        requests: Sequence[Sequence[str]],
        request: RecommendRequest,
        flags: Callable[[Candidate], Sequence[str]],
        step: Callable[[str], None],
        cancelled: threading.Event,
    ) -> None:
        self._directory = directory
        self._requests = requests
        self._request = request
        self._flags = flags
        self._step = step
        self._cancelled = cancelled
        self._order = random.Random(0)  # noqa: S311 - an order
        self.failed: dict[Candidate, str] = {}

    def run(self, candidates: Sequence[Candidate], seconds: float) -> list[Point]:
        """Measures settings, each with the numbers of callers that are worth it.

        Args:
            candidates: The settings.
            seconds: How long, starts left out.

        Raises:
            RecommendError: It was cancelled.
        """
        points: list[Point] = []
        waiting = list(candidates)
        each_s = seconds / len(waiting)
        while waiting:
            with ExitStack() as stack:
                servers: dict[Candidate, MeasuredServer] = {}
                while waiting and _has_room(servers):
                    candidate = waiting.pop(0)
                    server = self._started(candidate, stack)
                    if server is not None:
                        servers[candidate] = server
                if servers:
                    points += self._measure(servers, each_s)
        return points

    def _started(self, candidate: Candidate, stack: ExitStack) -> MeasuredServer | None:
        self._step(f"starting a server: {candidate}")
        started = running(self._directory, self._flags(candidate), self._requests, self._cancelled)
        with self._guarded(candidate), ExitStack() as own:
            server = own.enter_context(started)
            wrong = server.why_wrong(candidate)
            if wrong is None:
                stack.push(own.pop_all())
                return server
            self.failed[candidate] = wrong
        return None

    def _measure(self, servers: Mapping[Candidate, MeasuredServer], each_s: float) -> list[Point]:
        levels = {candidate: list(self._request.levels) for candidate in servers}
        if len(self._request.levels) > 1:
            keys = [(each, level) for each in servers for level in levels[each]]
            short = self._turns(servers, keys, 1, each_s * _SHORT / len(self._request.levels))
            points = self._points(servers, short)
            for candidate in servers:
                own = [each for each in points if each.candidate == candidate]
                levels[candidate] = contending_levels(own, self._request) if own else []
            each_s *= 1 - _SHORT
        keys = [(each, level) for each in servers for level in levels[each]]
        most = max(map(len, levels.values()))
        rounds = max(2, min(self.MOST, int(each_s / max(1, most) / _TURN_S)))
        measured = self._turns(servers, keys, rounds, each_s / max(1, most) / rounds)
        for candidate, server in servers.items():
            with self._guarded(candidate):
                server.watch_memory(max(levels[candidate], default=1), self._cancelled)
        return self._points(servers, measured)

    def _turns(
        self,
        servers: Mapping[Candidate, MeasuredServer],
        keys: Sequence[_Key],
        rounds: int,
        seconds: float,
    ) -> dict[_Key, Measured]:
        """Measures each server with its callers, in rounds, each round in another order."""
        found = {key: Measured() for key in keys}
        for number in range(rounds):
            self._step(f"round {number + 1} of {rounds}: {len(servers)} servers take turns")
            for key in self._order.sample(list(keys), len(keys)):
                candidate, callers = key
                if candidate in self.failed:
                    continue
                with self._guarded(candidate):
                    measured = servers[candidate].measure(
                        callers, max(_LEAST_TURN_S, seconds), self._cancelled
                    )
                    found[key].windows += measured.windows
                    found[key].failed += measured.failed
        return found

    def _points(
        self, servers: Mapping[Candidate, MeasuredServer], found: Mapping[_Key, Measured]
    ) -> list[Point]:
        points = []
        for (candidate, callers), measured in found.items():
            if candidate in self.failed:
                continue
            if not measured.windows:
                self.failed[candidate] = f"{measured.failed} requests failed, none was answered"
                continue
            figures = figures_of(
                candidate,
                measured.windows,
                measured.failed,
                servers[candidate].memory,
                self._request.prices,
            )
            points.append(Point(candidate, callers, figures))
        return points

    @contextmanager
    def _guarded(self, candidate: Candidate) -> Iterator[None]:
        """Notes the failure of a server, and goes on with the others."""
        try:
            yield
        except NotMeasured as error:
            self.failed[candidate] = str(error)


def _has_room(servers: Mapping[Candidate, MeasuredServer]) -> bool:
    """Whether there is memory for one more server like those that are up."""
    available = available_memory()
    if not servers or available is None:
        return True
    return available > _SPARE_MEMORY * max(max(each.memory) for each in servers.values())
