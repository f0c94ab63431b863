"""Jobs: what a run does, and what a second one does."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bulk_jobs import (
    contents,
    identity,
    ids,
    job_options,
    out,
    part_files,
    run_some,
    run_whole,
    write_jsonl,
    write_parquet,
)

from distilbert_sentiment_arch.bulk.job.job import open_job
from distilbert_sentiment_arch.bulk.options import JobOptions
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.errors import (
    JobError,
    OutputInUse,
)


def test_every_row_comes_out_once_and_in_order(options: JobOptions) -> None:
    summary = run_whole(options)
    assert ids(out(options)) == list(range(700))
    assert [len(pq.read_table(path)) for path in part_files(out(options))] == [100] * 7
    assert summary.counts.rows == 700
    assert (summary.parts, summary.files) == (7, 2)


def test_success_holds_the_counts(options: JobOptions) -> None:
    summary = run_whole(options)
    table = pq.read_table(out(options))
    held = json.loads((out(options) / "_SUCCESS").read_text())
    assert held == summary.to_json()
    assert held["rows"] == table.num_rows
    assert held["failed"] == 2
    assert sum(held["errors"].values()) == 2
    labels = table.column("label").drop_null().value_counts().to_pylist()
    assert held["labels"] == {each["values"]: each["counts"] for each in labels}
    assert held["tokens"] == sum(table.column("tokens").to_pylist())
    assert sum(held["histogram"]) == 698


def test_a_finished_job_has_nothing_to_do(options: JobOptions) -> None:
    run_whole(options)
    before = contents(out(options))
    with open_job(options, identity(options)) as job:
        assert job.finished
        assert job.tasks() == []
        assert job.finish().counts.rows == 700
    assert contents(out(options)) == before


@pytest.mark.parametrize("parts", [1, 4, 7])
def test_a_job_that_was_stopped_continues(options: JobOptions, tmp_path: Path, parts: int) -> None:
    run_some(options, parts)
    assert len(part_files(out(options))) == parts
    assert not (out(options) / "_SUCCESS").exists()
    moments = {path: path.stat().st_mtime_ns for path in part_files(out(options))}
    with open_job(options, identity(options)) as job:
        assert job.done.rows == parts * 100
        assert job.rows == 700
    run_whole(options)
    assert all(path.stat().st_mtime_ns == moment for path, moment in moments.items())
    # The names of the input are in the manifest, so that only its outputs differ.
    uninterrupted = job_options(options.inputs[0], tmp_path / "other")
    run_whole(uninterrupted)
    assert contents(out(options)) == contents(tmp_path / "other")


def test_a_file_without_a_count_of_rows_continues(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in" / "a.jsonl", range(300))
    options = job_options(tmp_path / "in", tmp_path / "out")
    run_some(options, 2)
    with open_job(options, identity(options)) as job:
        assert job.rows is None
        [task] = job.tasks()
        assert (task.start, task.end) == (200, None)
    run_whole(options)
    assert ids(tmp_path / "out") == list(range(300))
    assert len(part_files(tmp_path / "out")) == 3


def test_new_files_are_taken_in(options: JobOptions, source: Path) -> None:
    run_whole(options)
    before = contents(out(options))
    write_parquet(source / "0.parquet", range(700, 850))
    with open_job(options, identity(options)) as job:
        assert not job.finished
        assert not (out(options) / "_SUCCESS").exists()
    summary = run_whole(options)
    assert ids(out(options)) == list(range(850))
    assert (summary.counts.rows, summary.files) == (850, 3)
    after = contents(out(options))
    assert all(after[name] == held for name, held in before.items() if name.startswith("part-"))


def test_two_runs_into_one_output(options: JobOptions) -> None:
    with open_job(options, identity(options)), pytest.raises(OutputInUse, match="process"):
        open_job(options, identity(options))
    open_job(options, identity(options)).close()


def test_a_job_that_is_not_done_does_not_finish(options: JobOptions) -> None:
    run_some(options, 3)
    job = open_job(options, identity(options))
    with job, pytest.raises(JobError, match=r"part-00000-000003\.parquet"):
        job.finish()
    assert not (out(options) / "_SUCCESS").exists()


def test_files_without_rows_make_one_part_without_rows(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_parquet(tmp_path / "in" / f"{name}.parquet", [])
    options = job_options(tmp_path / "in", tmp_path / "out")
    assert run_whole(options).counts.rows == 0
    [part] = part_files(tmp_path / "out")
    assert pq.read_table(part).column_names[:3] == ["id", "text", "label"]
    with open_job(options, identity(options)) as job:
        assert job.finished


def test_many_small_files_make_few_parts(tmp_path: Path) -> None:
    for number in range(600):
        write_jsonl(tmp_path / "in" / f"{number:04}.jsonl", [number])
    options = job_options(tmp_path / "in", tmp_path / "out", part_rows=1000)
    assert run_whole(options).files == 600
    assert ids(tmp_path / "out") == list(range(600))
    assert len(part_files(tmp_path / "out")) == 3


def test_tasks_of_a_large_file_run_in_any_order(options: JobOptions) -> None:
    from distilbert_sentiment_arch.bulk.job.task_run import run_task

    scorer = load_scorer(options.model)
    with open_job(options, scorer.identity) as job:
        tasks = job.tasks(rows=250)
        assert [(task.first, task.parts, task.rows) for task in tasks] == [
            (0, 2, 200),
            (2, 2, 200),
            (4, 2, 200),
            (6, 1, 100),
        ]
        for task in reversed(tasks):
            run_task(task, scorer)
        job.finish()
    assert ids(out(options)) == list(range(700))


def test_only_what_belongs_there_is_left(options: JobOptions) -> None:
    run_whole(options)
    others = {path.name for path in out(options).iterdir()} - {
        path.name for path in part_files(out(options))
    }
    assert others == {"_SUCCESS", "_manifest.json", "_parts"}
