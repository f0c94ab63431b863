"""Tasks: rows that fail, files that change, disks that are full, and stops in between."""

from __future__ import annotations

import gzip
import os
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bulk_jobs import (
    WatchedScorer,
    contents,
    ids,
    job_options,
    part_files,
    run_some,
    run_whole,
    text_of,
    write_jsonl,
    write_parquet,
)
from commands import run, run_python

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.job import open_job
from distilbert_sentiment_arch.bulk.job.task_run import run_task
from distilbert_sentiment_arch.bulk.options import OUTPUT_FORMATS, JobOptions
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.errors import InputChanged, InputError, RowFailed
from distilbert_sentiment_arch.lexicon.scorer import score
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list


@pytest.fixture
def options(tmp_path: Path) -> JobOptions:
    write_parquet(tmp_path / "in" / "a.parquet", range(450))
    write_parquet(tmp_path / "in" / "b.parquet", range(450, 700), missing=[500])
    return job_options(tmp_path / "in", tmp_path / "out")


def test_each_row_has_the_answer_to_its_text(options: JobOptions) -> None:
    run_whole(options)
    word_list = embedded_word_list("afinn-111")
    for row in pq.read_table(options.output).to_pylist():
        if row["id"] == 500:
            assert row["label"] is None
            assert "null" in row["error"]
            continue
        own = score(text_of(row["id"]), word_list)
        assert row["label"] == own.label(0.0)
        assert row["score"] == max(row["probabilities"])
        assert row["tokens"] == own.words
        assert row["error"] is None


def test_progress_adds_up_to_the_counts_of_the_parts(options: JobOptions) -> None:
    scorer = load_scorer(options.model)
    seen = Counts()
    with open_job(options, scorer.identity) as job:
        [task] = job.tasks()
        result = run_task(pickle.loads(pickle.dumps(task)), scorer, seen.add)
        assert result.whole
        assert seen == result.counts == job.finish().counts


def test_a_task_stops_after_a_part_when_it_is_asked_to(options: JobOptions) -> None:
    scorer = load_scorer(options.model)
    with open_job(options, scorer.identity) as job:
        [task] = job.tasks()
        result = run_task(task, scorer, should_stop=lambda: True)
    assert not result.whole
    assert [each.part for each in result.parts] == [0]
    assert ids(Path(options.output)) == list(range(100))


def test_an_interrupted_part_leaves_nothing(options: JobOptions) -> None:
    def interrupt(counts: Counts) -> None:
        raise KeyboardInterrupt

    options = replace(options, part_rows=1000)
    scorer = load_scorer(options.model)
    with pytest.raises(KeyboardInterrupt), open_job(options, scorer.identity) as job:
        run_task(job.tasks()[0], scorer, interrupt)
    assert set(contents(Path(options.output))) == {"_manifest.json"}


def test_stop_ends_at_the_first_row_with_an_error(options: JobOptions) -> None:
    strict = replace(options, on_error="stop")
    with pytest.raises(RowFailed, match=r"b\.parquet: row 51: .*null.*--on-error record"):
        run_whole(strict)
    # The rows before it in the same part are not kept.
    assert ids(Path(options.output)) == list(range(500))
    run_whole(options)
    assert ids(Path(options.output)) == list(range(700))


def test_a_file_that_changes_while_it_is_read_is_not_committed(
    options: JobOptions, tmp_path: Path
) -> None:
    scorer = load_scorer(options.model)

    def change(window: object) -> None:
        os.utime(tmp_path / "in" / "a.parquet", ns=(1, 1))

    with open_job(options, scorer.identity) as job:
        [task] = job.tasks()
        with pytest.raises((InputChanged, InputError), match=r"a\.parquet.*chang"):
            run_task(task, WatchedScorer(scorer, change))
    assert part_files(Path(options.output)) == []


def test_a_file_that_is_truncated_names_itself(options: JobOptions, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "in2" / "c.jsonl.gz", range(300))
    path.write_bytes(gzip.compress(path.read_bytes())[:-200])
    broken = replace(options, inputs=(str(path),))
    with pytest.raises(InputError, match=r"c\.jsonl\.gz"):
        run_whole(broken)
    assert not (Path(options.output) / "_SUCCESS").exists()


@pytest.mark.parametrize("output_format", OUTPUT_FORMATS)
def test_parts_do_not_depend_on_where_a_run_began(
    options: JobOptions, tmp_path: Path, output_format: str
) -> None:
    first = replace(options, format=output_format, part_rows=130)
    again = replace(first, output=str(tmp_path / "again"))
    run_whole(first)
    for _ in range(5):
        run_some(again, 1)
    run_whole(again)
    assert contents(tmp_path / "again") == contents(Path(first.output))


FULL = """
import resource, sys
from bulk_jobs import job_options, run_whole
from distilbert_sentiment_arch.errors import OutputError

options = job_options(sys.argv[1], sys.argv[2], part_rows=20_000)
{limit}
try:
    run_whole(options)
except OutputError as error:
    print(error)
"""


def test_a_disk_that_is_full_ends_the_job_and_the_next_run_continues(tmp_path: Path) -> None:
    options = big_job(tmp_path)
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))"
    ended = run_python("-c", FULL.format(limit=limit), *places(options), **paths())
    assert f"{options.output}: cannot write a part" in ended.stdout, ended.stderr
    assert "make room" in ended.stdout
    assert list(Path(options.output, "_temporary").glob("*")) == []
    assert part_files(Path(options.output)) == []
    run_whole(options)
    assert len(ids(Path(options.output))) == 20_000


def test_a_full_file_system(tmp_path: Path) -> None:
    mount = ("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    place = tmp_path / "small"
    place.mkdir()
    if run("unshare", "-m", *mount, str(place)).returncode:
        pytest.skip("needs the right to mount a file system")
    options = replace(big_job(tmp_path), output=str(place / "out"))
    script = FULL.format(limit="")
    ended = run(
        *("unshare", "-m", "sh", "-c"),
        f'{" ".join(mount)} "$2" && "$0" -c "$3" "$1" "$2/out"; ls -A "$2/out/_temporary"',
        *(sys.executable, options.inputs[0], str(place), script),
        **paths(),
    )
    assert f"{options.output}: cannot write" in ended.stdout, ended.stderr
    assert "No space left on device" in ended.stdout
    assert ended.stdout.count("\n") == 1


def big_job(tmp_path: Path) -> JobOptions:
    write_parquet(tmp_path / "in" / "a.parquet", range(20_000))
    return job_options(tmp_path / "in", tmp_path / "out", part_rows=20_000)


def places(options: JobOptions) -> tuple[str, str]:
    return options.inputs[0], options.output


def paths() -> dict[str, dict[str, str]]:
    return {"environment": {"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}}
