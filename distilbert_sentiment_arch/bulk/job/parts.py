"""Parts of the output: their names, which rows they hold, and tasks that make them."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.manifest import Unit
from distilbert_sentiment_arch.bulk.job.schema import answer_schema
from distilbert_sentiment_arch.bulk.job.writing import SUFFIXES
from distilbert_sentiment_arch.bulk.options import JobOptions, OutputFormat
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.errors import InputError

RECORDS = "_parts"
"""Directory of a small file a part, written once the part is there."""

_UNIT_DIGITS = 5
_PART_DIGITS = 6
_NAME = re.compile(r"part-(\d{5,})-(\d{6,})\.(parquet|jsonl|csv)")


@dataclass(frozen=True)
class Plan:
    """What all tasks of a job share; small, and sent with each of them.

    Attributes:
        options: Of the job.
        schema: Columns of the parts.
        labels: One a probability.
        answers: Labels that a row may get.
    """

    options: JobOptions
    schema: pa.Schema
    labels: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def kept(self) -> pa.Schema:
        """The columns of the input that the parts have."""
        explained = self.options.model.explain is not None
        answer = answer_schema(len(self.labels), explained=explained)
        return pa.schema(list(self.schema)[: -len(answer)])


@dataclass(frozen=True)
class Task:
    """Neighbouring parts of a unit, made by one process one after the other.

    Attributes:
        plan: What it shares with the other tasks.
        unit: Number of the unit.
        files: Of the unit.
        first: Number of the first part.
        parts: How many; None for all up to the end of the unit, which is not known.
        rows: Rows of these parts; None where that is not known.
    """

    plan: Plan
    unit: int
    files: tuple[InputFile, ...]
    first: int
    parts: int | None
    rows: int | None

    @property
    def start(self) -> int:
        """The first row, counted from the start of the unit."""
        return self.first * self.plan.options.part_rows

    @property
    def end(self) -> int | None:
        """The row behind the last; None for the end of the unit."""
        if self.rows is not None:
            return self.start + self.rows
        if self.parts is None:
            return None
        return self.start + self.parts * self.plan.options.part_rows


@dataclass(frozen=True)
class PartRecord:
    """What is known of a part that is there.

    Attributes:
        unit: Number of its unit.
        part: Its place in the unit.
        bytes: Size of the file.
        counts: Over its rows.
    """

    unit: int
    part: int
    bytes: int
    counts: Counts

    def to_json(self) -> dict[str, Any]:
        """Returns an object of plain values."""
        return {
            "unit": self.unit,
            "part": self.part,
            "bytes": self.bytes,
            "counts": self.counts.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PartRecord:
        """Returns the record of ``to_json``."""
        return cls(value["unit"], value["part"], value["bytes"], Counts.from_json(value["counts"]))


@dataclass(frozen=True)
class UnitEnd:
    """The end of a unit whose rows were not known before it was read, behind a part that is full.

    Attributes:
        unit: Number of the unit.
        rows: All of its rows.
    """

    unit: int
    rows: int


def part_name(unit: int, part: int, output_format: OutputFormat) -> str:
    """Returns the name of a part; names sort in the order of the rows.

    Raises:
        InputError: The number is beyond what sorts.
    """
    if unit >= 10**_UNIT_DIGITS or part >= 10**_PART_DIGITS:
        raise InputError(
            f"The job comes to more than {10**_UNIT_DIGITS:,} groups of files, or to more than "
            f"{10**_PART_DIGITS:,} parts of one. Raise --part-rows, or make several jobs of it."
        )
    return f"part-{unit:0{_UNIT_DIGITS}}-{part:0{_PART_DIGITS}}{SUFFIXES[output_format]}"


def is_part_name(name: str) -> bool:
    """Whether a file's name is one of a part."""
    return _NAME.fullmatch(name) is not None


def record_name(unit: int, part: int) -> str:
    """Returns the path of a part's record, under the output."""
    return f"{RECORDS}/part-{unit:0{_UNIT_DIGITS}}-{part:0{_PART_DIGITS}}.json"


def end_name(unit: int) -> str:
    """Returns the path of the record of a unit's end, under the output."""
    return f"{RECORDS}/unit-{unit:0{_UNIT_DIGITS}}.json"


def as_line(value: Mapping[str, Any]) -> bytes:
    """Returns a record's content."""
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def parts_of(rows: int, part_rows: int) -> int:
    """Returns into how many parts a unit goes; one without rows has one without rows."""
    return max(1, -(-rows // part_rows))


def missing_runs(
    unit: Unit,
    rows: int | None,
    done: Collection[int],
    part_rows: int,
    longest: int | None = None,
) -> Iterator[tuple[int, int | None]]:
    """Yields the parts of a unit that are not there, as runs of neighbours for one task each.

    Args:
        unit: The unit.
        rows: Its rows, where they are known by now.
        done: Numbers of its parts that are there.
        part_rows: Rows of a part.
        longest: Most parts of a run; None for any number.

    Yields:
        First part and number of parts; None for all from there on.
    """
    if not unit.files:
        return
    total = None if rows is None else parts_of(rows, part_rows)
    limit = total if total is not None else max(done, default=-1) + 1
    first: int | None = None
    for part in range(limit + 1):
        missing = part < limit and part not in done
        if first is not None and (not missing or part - first == longest):
            yield first, part - first
            first = None
        if missing and first is None:
            first = part
    if total is None:
        yield limit, None
