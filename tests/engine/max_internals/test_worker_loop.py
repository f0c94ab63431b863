"""Polling of the model worker for requests, in place of MAX's own pauses."""

from __future__ import annotations

import asyncio
import inspect
import time

import pytest
from max.serve.pipelines import model_worker

from distilbert_sentiment_arch.engine.max_internals.worker_loop import (
    POLL_INTERVAL_S,
    SHORT_POLLS,
    poll_often,
)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Records MAX's own pauses in place of taking them."""
    noted: list[int] = []

    async def own(count_no_progress: int) -> None:
        noted.append(count_no_progress)

    monkeypatch.setattr(model_worker, "sleep_with_backoff", own)
    poll_often()
    return noted


def test_the_worker_of_max_calls_the_replaced_function() -> None:
    assert "await sleep_with_backoff(count_no_progress)" in inspect.getsource(model_worker)


def test_after_a_batch_the_worker_polls_within_a_millisecond() -> None:
    async def poll() -> float:
        start = time.perf_counter()
        for count in range(SHORT_POLLS):
            await model_worker.sleep_with_backoff(count)
        return time.perf_counter() - start

    taken = min(asyncio.run(poll()) for _ in range(3))
    assert SHORT_POLLS * POLL_INTERVAL_S <= taken < SHORT_POLLS * 0.001


def test_an_idle_worker_pauses_as_max_does(pauses: list[int]) -> None:
    async def poll() -> None:
        for count in range(SHORT_POLLS + 3):
            await model_worker.sleep_with_backoff(count)

    asyncio.run(poll())
    assert pauses == [0, 1, 2]


def test_other_tasks_of_the_event_loop_run_meanwhile() -> None:
    async def poll() -> bool:
        turns: list[int] = []

        async def other() -> None:
            turns.append(1)

        task = asyncio.create_task(other())
        await model_worker.sleep_with_backoff(0)
        return bool(turns) and task.done()

    assert asyncio.run(poll())
