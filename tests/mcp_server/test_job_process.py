"""Long work in processes of their own: results, errors and ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest

from distilbert_sentiment_arch.errors import DeadlineExceeded, InputError, Unavailable
from distilbert_sentiment_arch.mcp_server import job_process
from distilbert_sentiment_arch.mcp_server.job_process import Jobs, NoResult
from distilbert_sentiment_arch.serving.errors import failure_of

WORD_LIST = {"model": "afinn-111", "revision": None}
ENDLESS = {**WORD_LIST, "texts": ["A good film. " * 20] * 500, "rounds": 1000, "seconds": 300}

Reports = list[tuple[float, float | None, str]]


def measured(request: dict[str, Any], timeout_s: float = 300) -> tuple[Any, Reports]:
    reports: Reports = []

    async def report(progress: float, total: float | None, message: str) -> None:
        reports.append((progress, total, message))

    return asyncio.run(Jobs().run("benchmark", request, report, timeout_s)), reports


def test_a_result_and_its_progress() -> None:
    found, reports = measured({**WORD_LIST, "texts": ["good"], "rounds": 2, "seconds": 100})
    assert found["texts_measured"] == 2
    assert reports[0] == (0, 4, "The model is loading in a process of its own.")


def test_an_error_keeps_its_words(tmp_path: Path) -> None:
    request = {**WORD_LIST, "texts": ["good"], "rounds": 1, "seconds": 100}
    with pytest.raises(NoResult, match=r"config\.json") as refused:
        measured({**request, "model": str(tmp_path)})
    assert failure_of(refused.value).kind == "unavailable"
    with pytest.raises(InputError, match="Input 1 is blank"):
        measured({**request, "texts": ["good", " "]})


def test_a_process_that_ends_without_a_result_is_said_to_have_none() -> None:
    with pytest.raises(Unavailable, match="ended with status 1 and without a result"):
        measured(WORD_LIST)


def test_what_takes_too_long_is_ended() -> None:
    before = set(psutil.Process().children())
    with pytest.raises(DeadlineExceeded):
        measured(ENDLESS, timeout_s=0.5)
    assert set(psutil.Process().children()) <= before


def test_jobs_that_are_stopped_end_with_what_they_have() -> None:
    jobs = Jobs()
    running = asyncio.Event()

    async def report(progress: float, total: float | None, message: str) -> None:
        if progress:
            running.set()

    async def stopped() -> Any:
        job = asyncio.create_task(jobs.measure("benchmark", ENDLESS, report, 300))
        await running.wait()
        jobs.stop()
        with pytest.raises(Unavailable, match="The server shuts down"):
            await jobs.run("benchmark", ENDLESS, report, 300)
        return await asyncio.gather(job, return_exceptions=True)

    (found,) = asyncio.run(stopped())
    assert isinstance(found, NoResult) or found["complete"] is False


def test_only_known_jobs_are_run() -> None:
    assert job_process.MODULE == "distilbert_sentiment_arch.mcp_server.job"
    with pytest.raises(Unavailable):
        asyncio.run(Jobs().run("os", {}, lambda *_: asyncio.sleep(0), 60))
