"""One task of a job: rows read, scored, and written as parts that are there whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.bulk.job.counts import Counts, count
from distilbert_sentiment_arch.bulk.job.manifest import refuse_change
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory
from distilbert_sentiment_arch.bulk.job.parts import (
    PartRecord,
    Task,
    UnitEnd,
    as_line,
    end_name,
    part_name,
    record_name,
)
from distilbert_sentiment_arch.bulk.job.schema import output_table
from distilbert_sentiment_arch.bulk.job.writing import PartWriter, open_writer
from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile, fingerprint_now
from distilbert_sentiment_arch.bulk.reading.windows import read_windows
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Scores
from distilbert_sentiment_arch.bulk.scoring.scorer import Scorer
from distilbert_sentiment_arch.errors import InputChanged, OutputError, RowFailed

OnProgress = Callable[[Counts], None]
"""Called with the counts over rows that were scored since the call before."""


@dataclass(frozen=True)
class TaskResult:
    """What a task has done.

    Attributes:
        unit: Number of its unit.
        parts: The parts that it put into the output.
        whole: Whether these are all of its parts; not after it was asked to stop.
    """

    unit: int
    parts: tuple[PartRecord, ...]
    whole: bool

    @property
    def counts(self) -> Counts:
        """Over the rows of all of its parts."""
        total = Counts()
        for each in self.parts:
            total.add(each.counts)
        return total

    def to_json(self) -> dict[str, Any]:
        """Returns an object of plain values."""
        parts = [each.to_json() for each in self.parts]
        return {"unit": self.unit, "parts": parts, "whole": self.whole}


def run_task(
    task: Task,
    scorer: Scorer,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TaskResult:
    """Makes the parts of a task.

    Two processes may run the same task: both put the same files into the place of each other's.
    An exception, from here or from ``on_progress``, leaves the parts that were finished before.

    Args:
        task: One of ``Job.tasks()``.
        scorer: The model of the job.
        on_progress: See ``OnProgress``; the rows need not be in a finished part yet.
        should_stop: Asked after each part; the task ends early where it says so.

    Raises:
        InputError: A file cannot be read further.
        InputChanged: A file is not what it was when the job began.
        OutputError: The output cannot be written.
        RowFailed: A row cannot be scored, and the job ends with the first such row.
        Unavailable: The model answers nothing any more.
    """
    return _Run(task, on_progress or _ignore, should_stop or _go_on).result(scorer)


class _Run:
    def __init__(
        self, task: Task, on_progress: OnProgress, should_stop: Callable[[], bool]
    ) -> None:
        self._task = task
        self._plan = task.plan
        self._output = OutputDirectory(task.plan.options.output)
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._records: list[PartRecord] = []
        self._rows = 0
        """Rows that are in a part, finished or not."""
        self._part: _Part | None = None
        self._open = contextlib.ExitStack()

    def result(self, scorer: Scorer) -> TaskResult:
        task, options = self._task, self._plan.options
        windows = read_windows(task.files, options.input, task.start, task.end, self._plan.kept)
        scored = scorer.score(windows)
        with contextlib.ExitStack() as closing, self._open:
            if hasattr(scored, "close"):
                closing.callback(scored.close)
            for each in scored:
                failed = _first_error(each.scores) if options.on_error == "stop" else None
                if not self._add(each, failed):
                    return TaskResult(task.unit, tuple(self._records), whole=False)
                if failed is not None:
                    self._refuse_row(each.scores.errors[failed])
            self._end()
        return TaskResult(task.unit, tuple(self._records), whole=True)

    def _add(self, scored: ScoredWindow, rows: int | None) -> bool:
        """Writes the first rows of a window, or all; returns False where the task shall stop."""
        table = output_table(scored, self._plan.answers, self._plan.schema)[:rows]
        part_rows = self._plan.options.part_rows
        start = 0
        counts = Counts()
        while start < len(table):
            part = self._part or self._begin()
            end = min(len(table), start + part_rows - part.counts.rows)
            added = count(_rows_of(scored.scores, start, end), self._plan.answers)
            part.write(table.slice(start, end - start), added)
            counts.add(added)
            self._rows += end - start
            start = end
            if part.counts.rows == part_rows:
                self._commit(part)
                if self._should_stop():
                    self._on_progress(counts)
                    return False
        self._on_progress(counts)
        return True

    def _begin(self) -> _Part:
        number = self._task.first + len(self._records)
        name = part_name(self._task.unit, number, self._plan.options.format)
        path = self._open.enter_context(self._output.aside(name))
        with _told(self._output.uri):
            plan = self._plan
            writer = open_writer(path, plan.options.format, plan.schema, plan.labels)
        self._part = _Part(name, number, path, writer, self._output.uri)
        self._open.callback(self._part.drop)
        return self._part

    def _commit(self, part: _Part) -> None:
        part.close()
        self._refuse_changes()
        size = part.path.stat().st_size
        self._output.put(part.path, part.name)
        record = PartRecord(self._task.unit, part.number, size, part.counts)
        self._output.write(record_name(record.unit, record.part), as_line(record.to_json()))
        self._records.append(record)
        self._part = None
        self._open.close()

    def _end(self) -> None:
        """Finishes the last part, once all rows are read."""
        task = self._task
        if task.rows is not None and self._rows != task.rows:
            self._refuse_changes()
            raise InputChanged(
                f"{task.files[0].path}: {self._rows:,} rows from row {task.start:,} on, where "
                f"there were {task.rows:,} when the job began. Put the old file back, or choose "
                "another --output."
            )
        empty = task.first == 0 and self._rows == 0
        part = self._part or (self._begin() if empty else None)
        if part is not None:
            self._commit(part)
        # A part with fewer rows than others is the last one, and needs no word about it.
        if task.parts is None and not empty and self._rows % self._plan.options.part_rows == 0:
            self._refuse_changes()
            end = UnitEnd(task.unit, task.start + self._rows)
            self._output.write(end_name(end.unit), as_line({"unit": end.unit, "rows": end.rows}))

    def _refuse_changes(self) -> None:
        """Checks that the files are those that the job began with."""
        for file in self._task.files:
            now = fingerprint_now(file)
            if now != file.fingerprint:
                refuse_change(file, replace(file, fingerprint=now) if now else None)

    def _refuse_row(self, error: str | None) -> None:
        """Ends the job at the row behind those that were written."""
        row = self._task.start + self._rows
        file, row = _file_of(self._task.files, row, self._plan.options.input)
        raise RowFailed(
            f"{file.path}: row {row + 1:,}: {error} The job ends there, because of --on-error "
            "stop; finished parts are kept. Mend the row, or run with --on-error record."
        )


class _Part:
    """A part that is being written aside."""

    def __init__(self, name: str, number: int, path: Path, writer: PartWriter, uri: str) -> None:
        self.name = name
        self.number = number
        self.path = path
        self.counts = Counts()
        self._writer: PartWriter | None = writer
        self._uri = uri

    def write(self, table: pa.Table, counts: Counts) -> None:
        assert self._writer is not None
        with _told(self._uri):
            self._writer.write(table)
        self.counts.add(counts)

    def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with _told(self._uri):
                writer.close()

    def drop(self) -> None:
        """Closes the file of a part that is given up; what is in it does not matter."""
        with contextlib.suppress(Exception):
            self.close()


@contextlib.contextmanager
def _told(uri: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{uri}: cannot write a part of the output: {error.strerror or error}. Finished parts "
            "are kept: make room, then run the same command again."
        ) from error


def _rows_of(scores: Scores, start: int, end: int) -> Scores:
    rows = slice(start, end)
    explanations = scores.explanations
    return Scores(
        scores.probabilities[rows],
        scores.best[rows],
        scores.tokens[rows],
        scores.tokens_read[rows],
        scores.windows[rows],
        scores.routes[rows],
        scores.errors[rows],
        None if explanations is None else explanations[rows],
    )


def _first_error(scores: Scores) -> int | None:
    return next((row for row, error in enumerate(scores.errors) if error is not None), None)


def _file_of(
    files: tuple[InputFile, ...], row: int, options: InputOptions
) -> tuple[InputFile, int]:
    """Returns the file of a row of a unit, and the row's place in it."""
    for file in files[:-1]:
        rows = sum(each.table.num_rows for each in read_windows([file], options))
        if row < rows:
            return file, row
        row -= rows
    return files[-1], row


def _ignore(counts: Counts) -> None:
    pass


def _go_on() -> bool:
    return False
