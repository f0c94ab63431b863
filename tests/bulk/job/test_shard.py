"""Shards of a job: together they do all of it, and the last one ends it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bulk_jobs import contents, job_options, run_whole, write_jsonl, write_parquet

from distilbert_sentiment_arch.bulk.job.job import SUCCESS, open_job
from distilbert_sentiment_arch.bulk.job.manifest import Unit
from distilbert_sentiment_arch.bulk.job.shard import Shard
from distilbert_sentiment_arch.bulk.job.task_run import run_task
from distilbert_sentiment_arch.bulk.options import JobOptions
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.errors import InputError, JobDiffers, OutputInUse


def run_shard(options: JobOptions, index: int, count: int) -> bool:
    """Runs a shard to its end; returns whether it ended the job."""
    scorer = load_scorer(options.model)
    with open_job(options, scorer.identity, Shard(index, count)) as job:
        for task in job.tasks():
            run_task(task, scorer)
        job.finish()
        return job.finished


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """A directory with a file of eight parts."""
    write_parquet(tmp_path / "reviews" / "a.parquet", range(750))
    return tmp_path / "reviews"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_shards_make_what_one_run_makes_and_the_last_one_ends_the_job(
    tmp_path: Path, reviews: Path, order: tuple[int, ...]
) -> None:
    run_whole(job_options(reviews, tmp_path / "whole"))
    options = job_options(reviews, tmp_path / "shards")
    ended = [run_shard(options, index, 3) for index in order]
    assert ended == [False, False, True]
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")


def test_shards_share_files_whose_rows_are_not_known_before(tmp_path: Path) -> None:
    source = tmp_path / "lines"
    write_jsonl(source / "a.jsonl", range(250))
    run_whole(job_options(source, tmp_path / "whole"))
    options = job_options(source, tmp_path / "shards")
    assert [run_shard(options, index, 2) for index in (1, 0)] == [False, True]
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")


def test_a_shard_that_runs_again_does_only_its_own(tmp_path: Path, reviews: Path) -> None:
    options = job_options(reviews, tmp_path / "shards")
    run_shard(options, 0, 2)
    before = contents(tmp_path / "shards")
    assert run_shard(options, 0, 2) is False
    assert contents(tmp_path / "shards") == before


def test_a_run_without_shards_completes_what_they_left(tmp_path: Path, reviews: Path) -> None:
    run_whole(job_options(reviews, tmp_path / "whole"))
    options = job_options(reviews, tmp_path / "shards")
    run_shard(options, 1, 4)
    assert not (tmp_path / "shards" / SUCCESS).exists()
    run_whole(options)
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")


def test_shards_that_run_at_one_time_leave_each_other_s_files(
    tmp_path: Path, reviews: Path
) -> None:
    run_whole(job_options(reviews, tmp_path / "whole"))
    options = job_options(reviews, tmp_path / "shards")
    scorer = load_scorer(options.model)
    with open_job(options, scorer.identity, Shard(0, 2)) as job:
        aside = tmp_path / "shards" / "_temporary" / "of-another"
        aside.write_bytes(b"x")
        assert run_shard(options, 1, 2) is False
        assert aside.exists()
        for task in job.tasks():
            run_task(task, scorer)
        job.finish()
        assert job.finished
    assert contents(tmp_path / "shards") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Shard(0, 2), Shard(0, 2)),
        (Shard(0, 2), None),
        (None, Shard(1, 2)),
        (Shard(0, 2), Shard(1, 3)),
    ],
    ids=str,
)
def test_other_runs_are_refused(
    tmp_path: Path, reviews: Path, first: Shard | None, second: Shard | None
) -> None:
    options = job_options(reviews, tmp_path / "shards")
    identity = load_scorer(options.model).identity
    with open_job(options, identity, first), pytest.raises(OutputInUse):
        open_job(options, identity, second)
    open_job(options, identity, second).close()


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [0, 1, 100, 101, 799, 12_345, None])
@pytest.mark.parametrize("number", [0, 5])
def test_each_part_is_for_one_shard(count: int, rows: int | None, number: int) -> None:
    unit = Unit(number, (), rows)
    parts = set(range(max(1, -(-(rows or 0) // 100))))
    mine = []
    for index in range(count):
        others = Shard(index, count).parts_of_others(unit, 100)
        if others is not None:
            mine.append(parts - set(others))
    assert sum(map(len, mine)) == len(parts)
    assert set().union(*mine) == parts
    if rows is not None:
        assert max(map(len, mine)) - min(map(len, mine)) <= 1 or len(mine) < count


def test_units_of_one_part_go_round() -> None:
    taken = [
        index
        for number in range(6)
        for index in range(3)
        if Shard(index, 3).parts_of_others(Unit(number, (), 10), 100) is not None
    ]
    assert sorted(taken) == [0, 0, 1, 1, 2, 2]


def test_a_shard_is_read_as_the_flag_has_it() -> None:
    assert Shard.parsed("3/8") == Shard(3, 8)


@pytest.mark.parametrize("text", ["", "3", "8/8", "-1/8", "a/b", "0/0", "1/2/3"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="INDEX/COUNT"):
        Shard.parsed(text)


def test_shards_keep_to_what_the_first_one_began_with(tmp_path: Path, reviews: Path) -> None:
    options = job_options(reviews, tmp_path / "out")
    identity = load_scorer(options.model).identity
    # No part is there yet, but the first one may be at work.
    open_job(options, identity, Shard(0, 2)).close()
    with pytest.raises(JobDiffers, match="--part-rows"):
        open_job(replace(options, part_rows=50), identity, Shard(1, 2))
