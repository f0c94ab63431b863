"""A closed loop: callers that each send the next request when the one before is answered."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from distilbert_sentiment_arch.recommend.intervals import Window

WINDOW_S = 0.5
"""Seconds of a window; longer where requests take longer."""

_WARM_UP = 0.15
"""Share of a measurement in which answers do not count yet."""

_LATENCIES_IN_WINDOW = 4

Send = Callable[[int], Awaitable[int]]
"""Sends the request of a number; returns the texts answered, 0 if it was refused."""


@dataclass
class Measured:
    """What a closed loop came to.

    Attributes:
        windows: Its windows.
        failed: Requests that were refused or broke off.
    """

    windows: list[Window] = field(default_factory=list)
    failed: int = 0


@dataclass(frozen=True)
class _Answer:
    at: float
    seconds: float
    texts: int


async def closed_loop(
    send: Send, callers: int, seconds: float, cancelled: threading.Event | None = None
) -> Measured:
    """Sends requests and times the answers.

    Args:
        send: Sends one; may raise OSError.
        callers: Requests under way at a time.
        seconds: How long; longer where not every caller has had an answer by then.
        cancelled: Set to end early.
    """
    begin = time.perf_counter()
    start = begin + seconds * _WARM_UP
    end = begin + seconds
    answers: list[_Answer] = []
    result = Measured()
    numbers = iter(range(1 << 62))

    async def caller() -> None:
        own = 0
        while (now := time.perf_counter()) < end or not own:
            if cancelled is not None and cancelled.is_set():
                return
            try:
                texts = await send(next(numbers))
            except OSError:
                texts = 0
            at = time.perf_counter()
            if not texts:
                result.failed += 1
                own += 1
                await asyncio.sleep(0.01)
            elif at > start:
                answers.append(_Answer(at, at - now, texts))
                own += 1

    await asyncio.gather(*(caller() for _ in range(callers)))
    result.windows = _windows(answers, start, end)
    return result


def _windows(answers: Sequence[_Answer], start: float, end: float) -> list[Window]:
    """Divides the time from start to end into windows of the answers that came in each.

    Answers behind the end count where there would be too few: they extend the time.
    """
    if not answers:
        return []
    within = [each for each in answers if each.at <= end]
    usual = statistics.median(each.seconds for each in answers)
    if len(within) < len(answers) / 2:
        within = list(answers)
        end = max(each.at for each in answers)
    length = max(WINDOW_S, _LATENCIES_IN_WINDOW * usual)
    count = max(1, round((end - start) / length))
    length = (end - start) / count
    parts: list[list[_Answer]] = [[] for _ in range(count)]
    for each in within:
        parts[min(count - 1, int((each.at - start) / length))].append(each)
    return [
        Window(length, sum(each.texts for each in part), [each.seconds * 1000 for each in part])
        for part in parts
    ]
