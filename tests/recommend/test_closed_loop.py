"""The closed loop, with requests whose times are known."""

from __future__ import annotations

import asyncio
import threading

import pytest

from distilbert_sentiment_arch.recommend.closed_loop import Measured, closed_loop


def measured(send: object, callers: int, seconds: float, **more: object) -> Measured:
    return asyncio.run(closed_loop(send, callers, seconds, **more))  # type: ignore[arg-type]


def latencies(found: Measured) -> list[float]:
    return [value for window in found.windows for value in window.latencies_ms]


def test_as_many_requests_are_under_way_as_there_are_callers() -> None:
    under_way, most = 0, 0

    async def send(number: int) -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return 3

    found = measured(send, 4, 0.3)
    assert most == 4
    assert found.failed == 0
    assert min(latencies(found)) >= 9.9
    for window in found.windows:
        assert window.texts == 3 * len(window.latencies_ms)
        # Four callers of 10 ms each or more.
        assert window.texts / window.seconds <= 4 * 3 / 0.01 * 1.2


def test_requests_are_numbered_in_turn() -> None:
    numbers = []

    async def send(number: int) -> int:
        numbers.append(number)
        await asyncio.sleep(0.001)
        return 1

    measured(send, 3, 0.05)
    assert numbers == list(range(len(numbers)))


def test_requests_longer_than_the_measurement_are_measured() -> None:
    async def send(number: int) -> int:
        await asyncio.sleep(0.2)
        return 1

    found = measured(send, 2, 0.01)
    assert len(latencies(found)) == 2
    assert min(latencies(found)) >= 199
    (window,) = found.windows
    assert window.texts / window.seconds == pytest.approx(10, rel=0.5)


def test_failures_are_counted_and_not_timed() -> None:
    async def send(number: int) -> int:
        await asyncio.sleep(0.001)
        if number % 3 == 0:
            raise ConnectionResetError
        return number % 3 - 1

    found = measured(send, 3, 0.2)
    assert found.failed > 0
    assert len(latencies(found)) > 0
    only = measured(lambda number: asyncio.sleep(0, 0), 2, 0.05)
    assert (only.windows, only.failed > 0) == ([], True)


def test_cancelled() -> None:
    cancelled = threading.Event()

    async def send(number: int) -> int:
        if number == 5:
            cancelled.set()
        return 1

    sent = measured(send, 1, 3600, cancelled=cancelled)
    assert latencies(sent) == []
