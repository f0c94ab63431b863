"""A job over a dataset: its lock, what is done and what is not, and its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.job_start import check_output, job_manifest, read_manifest
from distilbert_sentiment_arch.bulk.job.lock import Lock
from distilbert_sentiment_arch.bulk.job.manifest import MANIFEST, Manifest, Unit
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory
from distilbert_sentiment_arch.bulk.job.parts import PartRecord, Plan, Task, missing_runs, part_name
from distilbert_sentiment_arch.bulk.job.records import Records
from distilbert_sentiment_arch.bulk.job.shard import Shard, lock_of
from distilbert_sentiment_arch.bulk.options import JobOptions
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile, find_files
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.errors import JobError

SUCCESS = "_SUCCESS"


@dataclass(frozen=True)
class Summary:
    """What a job has put into its output.

    Attributes:
        counts: Over all rows.
        parts: Files with rows.
        files: Files of the input.
        units: Input files of each unit, and the counts over their rows.
    """

    counts: Counts
    parts: int
    files: int
    units: tuple[tuple[tuple[str, ...], Counts], ...]

    def to_json(self) -> dict[str, Any]:
        """Returns what ``_SUCCESS`` holds; the same for the same output."""
        return {**self.counts.to_json(), "parts": self.parts, "files": self.files}


def open_job(options: JobOptions, identity: ModelIdentity, shard: Shard | None = None) -> Job:
    """Opens a job: a new one, or the one that the output holds parts of.

    Args:
        options: What to do.
        identity: What the rows are scored with.
        shard: The share of the job that is done here; None for all of it.

    Raises:
        InputError: A file or a column of the input does not exist, or cannot be read.
        OutputError: The output cannot be written, or is not that of a job.
        OutputInUse: Another run writes there.
        JobDiffers: The output holds parts of a job with other options or another model.
        InputChanged: A file is not the one that finished parts were made of.
    """
    files = find_files(options.inputs, options.input)
    output = OutputDirectory(options.output)
    check_output(options, files, output)
    output.make()
    lock = lock_of(output, shard)
    try:
        before = read_manifest(output)
        # As the parts are, whatever is asked for now.
        records = (
            Records(output, before.settings["format"], before.settings["part_rows"])
            if before
            else Records(output, options.format, options.part_rows)
        )
        records.read()
        shared = shard is not None
        manifest = job_manifest(options, identity, files, output, records, before, shared=shared)
        return Job(options, identity, manifest, output, records, lock, shard)
    except BaseException:
        lock.release()
        raise


class Job:
    """A job that is open: no other run writes to its output until ``close``.

    ``open_job`` makes one. It is a context manager.

    Attributes:
        plan: What its tasks share.
        units: Its input.
    """

    def __init__(
        self,
        options: JobOptions,
        identity: ModelIdentity,
        manifest: Manifest,
        output: OutputDirectory,
        records: Records,
        lock: Lock,
        shard: Shard | None = None,
    ) -> None:
        self._output = output
        self._lock = lock
        self._records = records
        self._shard = shard
        self._manifest = manifest
        self.units = manifest.units
        self.plan = Plan(options, manifest.schema, identity.labels, identity.answers)
        self._succeeded = output.read(SUCCESS) is not None
        if self._succeeded and self._tasks(None, None):
            # Whoever waits for this file must not take the output for whole.
            output.remove(SUCCESS)
            self._succeeded = False
        if not self._succeeded and shard is None:
            output.clear_aside()

    @property
    def finished(self) -> bool:
        """Whether every part is there, and ``_SUCCESS``: there is nothing to do."""
        return self._succeeded

    @property
    def done(self) -> Counts:
        """Counts over the rows of the parts that were there at the start, or at ``finish``."""
        total = Counts()
        for unit in self.units:
            total.add(self._records.counts(unit.number))
        return total

    @property
    def rows(self) -> int | None:
        """All rows of the input; None where only reading it would tell."""
        known = [self._rows_of(each) for each in self.units]
        rows = [each for each in known if each is not None]
        return sum(rows) if len(rows) == len(known) else None

    @property
    def bytes(self) -> int:
        """Size of the input."""
        return sum(file.size for unit in self.units for file in unit.files)

    def tasks(self, rows: int | None = None) -> list[Task]:
        """Returns what is to be done, in the order of the input; each task may run anywhere.

        Args:
            rows: About the most rows of a task, for many processes at once, which works where
                files tell their rows before they are read (Parquet, Arrow); None for the longest
                tasks.
        """
        return self._tasks(rows, self._shard)

    def _tasks(self, rows: int | None, shard: Shard | None) -> list[Task]:
        return [task for unit in self.units for task in self._missing(unit, rows, shard)]

    def finish(self) -> Summary:
        """Writes ``_SUCCESS``, once every task has run; of shards the last one does.

        Raises:
            JobError: A part is not there.
            OutputError: The output cannot be written.
        """
        if self._succeeded:
            return self.summary()
        self._records.read()
        missing = self.tasks()
        if missing:
            name = part_name(missing[0].unit, missing[0].first, self.plan.options.format)
            raise JobError(
                f"{self._output.uri}: {len(missing)} tasks are not done, the first one at {name}. "
                "Run the same command again to continue."
            )
        if self._shard is not None and not self._is_last():
            return self.summary()
        for stray in list(self._records.strays()):
            self._output.remove(stray)
        summary = self.summary()
        content = json.dumps(summary.to_json(), indent=1, ensure_ascii=False)
        self._output.write(SUCCESS, f"{content}\n".encode())
        self._succeeded = True
        return summary

    def _is_last(self) -> bool:
        """Whether the other shards are done, too, and have no more files than this one."""
        same = self._output.read(MANIFEST) == self._manifest.to_json()
        return same and not self._tasks(None, None)

    def summary(self) -> Summary:
        """Returns the counts of ``done``, and those of each unit."""
        units = tuple(
            (tuple(file.path for file in unit.files), self._records.counts(unit.number))
            for unit in self.units
        )
        parts = sum(len(self._records.parts(unit.number)) for unit in self.units)
        return Summary(self.done, parts, sum(len(files) for files, _ in units), units)

    def parts(self) -> Iterator[tuple[PartRecord, tuple[InputFile, ...]]]:
        """Yields the parts of ``done`` in the order of the rows, with the files of their unit."""
        for unit in self.units:
            for _, record in sorted(self._records.parts(unit.number).items()):
                yield record, unit.files

    def close(self) -> None:
        """Lets others write to the output."""
        try:
            # What other shards write is in the same place.
            if self._shard is None or self._succeeded:
                self._output.clear_aside()
        finally:
            self._lock.release()

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _rows_of(self, unit: Unit) -> int | None:
        return unit.rows if unit.rows is not None else self._records.rows(unit.number)

    def _missing(self, unit: Unit, most: int | None, shard: Shard | None) -> list[Task]:
        rows, part_rows = self._rows_of(unit), self.plan.options.part_rows
        longest = None if most is None else max(1, most // part_rows)
        others = () if shard is None else shard.parts_of_others(unit, part_rows)
        if others is None:
            return []
        done = {*self._records.parts(unit.number), *others}
        tasks = []
        for first, parts in missing_runs(unit, rows, done, part_rows, longest):
            known = None
            if rows is not None and parts is not None:
                known = min(rows, (first + parts) * part_rows) - first * part_rows
            tasks.append(Task(self.plan, unit.number, unit.files, first, parts, known))
        return tasks
