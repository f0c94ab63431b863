"""An engine in its own process: the lexicon, because it needs no other environment."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from distilbert_sentiment_arch.checkpoint.source import DEFAULT_DIRECTORY
from scripts.benchmarking import worker_process
from scripts.benchmarking.config import EngineConfig
from scripts.benchmarking.models import BenchmarkModel
from scripts.benchmarking.worker_process import WorkerFailed, loaded_worker, workload_file
from scripts.benchmarking.workloads import Workload, pad

MODEL = BenchmarkModel("embedded", DEFAULT_DIRECTORY, {}, "test", trained=True)
LEXICON = EngineConfig(module="lexicon")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_BENCHMARK_CACHE", str(tmp_path / "cache"))


def test_an_engine_answers_is_timed_and_sleeps_in_between(tmp_path: Path) -> None:
    texts = ["What a wonderful film.", "I hate this terrible film."]
    workload = Workload("texts@2", "texts", [pad([[1], [1]], texts)], [0, 1])
    path = workload_file(tmp_path, workload.name)
    workload.write(path)
    with loaded_worker(LEXICON, MODEL, threads=1) as (worker, loaded):
        assert (loaded["reads"], loaded["precision"]) == ("texts", "none")
        worker.ask("prepare", workload=workload.name, path=str(path))
        assert np.argmax(worker.ask("logits", workload=workload.name), -1).tolist() == [1, 0]
        timed = worker.ask(
            "time", workload=workload.name, warmup_s=0.0, seconds=0.05, least_passes=3
        )
        assert len(timed["nanoseconds"]) >= 3
        assert sum(timed["nanoseconds"]) >= 0.04e9
        process = psutil.Process(worker.pid)
        # Stopped, it can use no CPU while another engine is timed.
        deadline = time.monotonic() + 5
        while process.status() != psutil.STATUS_STOPPED and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.status() == psutil.STATUS_STOPPED
    assert not process.is_running()


def test_an_exception_of_an_engine_is_reported() -> None:
    with loaded_worker(LEXICON, MODEL, threads=1) as (worker, _):
        with pytest.raises(WorkerFailed, match="KeyError: 'nothing'"):
            worker.ask("logits", workload="nothing")
        psutil.Process(worker.pid).kill()
        with pytest.raises(WorkerFailed, match="the process ended with -9"):
            worker.ask("logits", workload="nothing")


def test_an_engine_that_does_not_answer_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload = Workload("texts@1", "texts", [pad([[1]], ["What a wonderful film."])], [0])
    path = workload_file(tmp_path, workload.name)
    workload.write(path)
    with loaded_worker(LEXICON, MODEL, threads=1) as (worker, _):
        worker.ask("prepare", workload=workload.name, path=str(path))
        monkeypatch.setattr(worker_process, "ANSWER_TIMEOUT_S", 0.3)
        with pytest.raises(WorkerFailed, match=r"time: no answer within 0\.3 s"):
            worker.ask("time", workload=workload.name, warmup_s=0.0, seconds=60, least_passes=1)
