"""Records: parts that are lost, cut short, or that nobody has recorded."""

from __future__ import annotations

import shutil
from pathlib import Path

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
)

from distilbert_sentiment_arch.bulk.job.job import open_job
from distilbert_sentiment_arch.bulk.options import JobOptions


def test_a_part_that_was_lost_is_made_again(options: JobOptions) -> None:
    run_whole(options)
    before = contents(out(options))
    part_files(out(options))[2].unlink()
    part_files(out(options))[4].write_bytes(b"cut short")
    with open_job(options, identity(options)) as job:
        assert not job.finished
        assert [(task.first, task.parts) for task in job.tasks()] == [(2, 1), (5, 1)]
        assert not (out(options) / "_SUCCESS").exists()
    run_whole(options)
    assert contents(out(options)) == before


def test_a_record_that_is_not_whole_does_not_count(options: JobOptions) -> None:
    run_whole(options)
    before = contents(out(options))
    record = out(options) / "_parts" / "part-00000-000003.json"
    record.write_bytes(record.read_bytes()[:30])
    run_whole(options)
    assert contents(out(options)) == before


def test_parts_without_a_record_are_gone_in_the_end(options: JobOptions) -> None:
    run_some(options, 1)
    shutil.copy(part_files(out(options))[0], out(options) / "part-00000-000099.parquet")
    run_whole(options)
    assert ids(out(options)) == list(range(700))


@pytest.mark.parametrize("rows", [250, 300])
def test_the_end_of_a_file_is_known_once_it_was_read(tmp_path: Path, rows: int) -> None:
    write_jsonl(tmp_path / "in" / "a.jsonl", range(rows))
    options = job_options(tmp_path / "in", tmp_path / "out")
    run_whole(options)
    before = contents(tmp_path / "out")
    with open_job(options, identity(options)) as job:
        assert job.rows == rows
    # As a run leaves it that is killed behind the last part.
    (tmp_path / "out" / "_SUCCESS").unlink()
    (tmp_path / "out" / "_parts" / "unit-00000.json").unlink(missing_ok=True)
    run_whole(options)
    assert contents(tmp_path / "out") == before


def test_records_that_outlived_their_parts_are_no_records_of_a_new_job(
    options: JobOptions,
) -> None:
    """A part of the new job may have the size that one of them has."""
    run_whole(options)
    for path in (*part_files(out(options)), *out(options).glob("_[mS]*")):
        path.unlink()
    assert list((out(options) / "_parts").iterdir())
    with open_job(options, identity(options)):
        assert list((out(options) / "_parts").iterdir()) == []
