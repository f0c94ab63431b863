"""Small jobs over files of reviews, answered by a word list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from distilbert_sentiment_arch.bulk.job.job import Summary, open_job
from distilbert_sentiment_arch.bulk.job.task_run import run_task
from distilbert_sentiment_arch.bulk.options import InputOptions, JobOptions, ModelOptions
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Window
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.scoring.scorer import Scorer, load_scorer

WORD_LIST = ModelOptions(model="afinn-111")
WORDS = ("good", "bad", "film", "awful", "great", "plot", "waste")


def text_of(row: int) -> str:
    """Returns the text of a row: different words in each of neighbouring rows."""
    return " ".join(WORDS[(row * step) % len(WORDS)] for step in range(1, 3 + row % 5))


def write_parquet(path: Path, rows: Iterable[int], missing: Iterable[int] = ()) -> Path:
    """Writes rows with ids; the texts of some are null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ids, without = list(rows), set(missing)
    texts = [None if row in without else text_of(row) for row in ids]
    pq.write_table(pa.table({"id": pa.array(ids, pa.int64()), "text": texts}), path)
    return path


def write_jsonl(path: Path, rows: Iterable[int]) -> Path:
    """Writes rows with ids as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"id": row, "text": text_of(row)}) + "\n" for row in rows)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def job_options(source: Path | str, output: Path | str, **changes: Any) -> JobOptions:
    """Returns a job of a word list, in parts of 100 rows."""
    options = JobOptions((str(source),), str(output), InputOptions(), WORD_LIST, part_rows=100)
    return replace(options, **changes)


def out(options: JobOptions) -> Path:
    """Returns the output of a job on this machine."""
    return Path(options.output)


def identity(options: JobOptions) -> ModelIdentity:
    """Returns what scores a job."""
    return load_scorer(options.model).identity


def run_whole(options: JobOptions) -> Summary:
    """Runs a job from where it is to its end."""
    scorer = load_scorer(options.model)
    with open_job(options, scorer.identity) as job:
        for task in job.tasks():
            run_task(task, scorer)
        return job.finish()


def run_some(options: JobOptions, parts: int) -> None:
    """Runs a job until so many parts are there, and leaves it."""
    scorer = load_scorer(options.model)
    left = iter(range(parts - 1))
    with open_job(options, scorer.identity) as job:
        for task in job.tasks():
            if not run_task(task, scorer, should_stop=lambda: next(left, None) is None).whole:
                return


def part_files(output: Path) -> list[Path]:
    """Returns the parts, in the order of their names."""
    return sorted(output.glob("part-*"))


def ids(output: Path) -> list[int]:
    """Returns the ids of the rows of all Parquet parts, in the order of the parts' names."""
    tables = [pq.read_table(path) for path in part_files(output)]
    return [row for table in tables for row in table.column("id").to_pylist()]


def contents(output: Path) -> dict[str, bytes]:
    """Returns every file of an output by its name below it."""
    return {
        path.relative_to(output).as_posix(): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file()
    }


class WatchedScorer:
    """A scorer that calls a function before each window is answered."""

    def __init__(self, scorer: Scorer, before: Callable[[Window], None]) -> None:
        self._scorer = scorer
        self._before = before
        self.identity = scorer.identity

    def score(self, windows: Iterable[Window]) -> Iterator[ScoredWindow]:
        def watched() -> Iterator[Window]:
            for each in windows:
                self._before(each)
                yield each

        return self._scorer.score(watched())
