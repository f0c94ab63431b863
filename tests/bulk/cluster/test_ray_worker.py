"""What workers of a Ray cluster tell their driver, and which model they refuse."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bulk_jobs import job_options, run_whole, write_parquet

from distilbert_sentiment_arch.bulk.cluster import ray_worker
from distilbert_sentiment_arch.bulk.cluster.on_ray import task_of
from distilbert_sentiment_arch.bulk.cluster.ray_worker import Board, difference
from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.job import open_job
from distilbert_sentiment_arch.bulk.job.task_run import run_task
from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer


def rows(news: list[tuple[str, Any]]) -> int:
    return sum(value.rows for kind, value in news if kind == "scored")


def test_rows_of_a_task_that_runs_again_are_counted_once() -> None:
    board = Board()
    assert board.begin(7) == (1, 0)
    board.scored(7, 100, Counts(rows=100))
    board.scored(7, 200, Counts(rows=100))
    assert rows(board.take()) == 200
    # Its worker is killed, and another begins: what is known is not told again.
    assert board.begin(7) == (2, 200)
    board.scored(7, 200, Counts(rows=100))
    board.scored(7, 300, Counts(rows=100))
    assert rows(board.take()) == 100
    assert board.begin(8) == (1, 0)


def test_a_part_is_told_of_once() -> None:
    board = Board()
    board.part_written("part-1")
    board.part_written("part-1")
    board.part_written("part-2")
    assert board.take() == [("part", "part-1"), ("part", "part-2")]
    assert board.take() == []


def test_a_worker_skips_the_rows_that_the_driver_knows_of() -> None:
    board = Board()
    board.begin(0)
    board.scored(0, 200, Counts(rows=200))
    board.take()

    def remote(name: str) -> Any:
        return SimpleNamespace(remote=getattr(board, name))

    handle = SimpleNamespace(scored=remote("scored"), part_written=remote("part_written"))
    progress = ray_worker._ToBoard(handle, 0, known=200)
    for _ in range(3):
        progress.scored(Counts(rows=100))
    progress.part_written("part-1")
    news = board.take()
    assert rows(news) == 100
    assert ("part", "part-1") in news


def test_another_model_is_named_with_what_differs(monkeypatch: Any) -> None:
    monkeypatch.setattr(ray_worker, "node_name", lambda: "10.0.0.7")
    identity = load_scorer(ModelOptions(model="afinn-111")).identity
    assert difference(identity, identity) is None
    other = difference(identity, replace(identity, version="9.9"))
    assert other is not None
    assert "node 10.0.0.7: the version of the model is 9.9 there" in other
    assert "Install the same version" in other
    other = difference(identity, replace(identity, precision="int8"))
    assert other is not None
    assert "name a --precision that all nodes have" in other


def test_a_task_does_not_take_the_names_of_all_inputs_along(tmp_path: Path) -> None:
    """A job has a task a file, and a shell makes a glob a name a file."""
    names = [write_parquet(tmp_path / "in" / f"{row:03}.parquet", [row]) for row in range(200)]
    options = replace(job_options("", tmp_path / "out"), inputs=tuple(map(str, names)))
    scorer = load_scorer(options.model)
    with open_job(options, scorer.identity) as job:
        (task,) = job.tasks()
        number, carried = pickle.loads(task_of(3, replace(task, files=task.files[:1])))
        assert number == 3
        assert str(names[1]) not in str(carried)
        assert str(names[0]) in str(carried)
        assert run_task(pickle.loads(task_of(0, task))[1], scorer).counts.rows == 200
    assert run_whole(options).counts.rows == 200


def test_what_a_task_did_not_expect_ends_that_task_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Odd:
        identity = load_scorer(ModelOptions(model="afinn-111")).identity

        def score(self, windows: object) -> Any:
            raise MemoryError("malloc failed\nsomewhere")

    path = write_parquet(tmp_path / "in" / "a.parquet", range(10))
    options = job_options(path.parent, tmp_path / "out")
    worker = ray_worker.TaskWorker.__new__(ray_worker.TaskWorker)
    worker._refusal, worker._scorer = None, Odd()
    worker._board = SimpleNamespace(begin=SimpleNamespace(remote=lambda task: (1, 0)))
    monkeypatch.setattr(ray_worker.ray, "get", lambda value: value)
    monkeypatch.setattr(ray_worker, "node_name", lambda: "here")
    with open_job(options, Odd.identity) as job:
        end = worker._run(4, job.tasks()[0])
    assert (end.number, end.result, end.for_all) == (4, None, False)
    assert end.failure == f"{path}: node here: MemoryError: malloc failed somewhere"
