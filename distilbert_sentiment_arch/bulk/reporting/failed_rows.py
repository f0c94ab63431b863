"""Failed rows of a job, read back from the parts that have any."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from distilbert_sentiment_arch.bulk.job.job import Job
from distilbert_sentiment_arch.bulk.job.parts import part_name
from distilbert_sentiment_arch.bulk.options import OutputFormat
from distilbert_sentiment_arch.bulk.storage import open_storage
from distilbert_sentiment_arch.errors import OutputError

MOST_SHOWN = 1000
"""Failed rows that a report lists."""


@dataclass(frozen=True)
class FailedRow:
    """A row that could not be scored.

    Attributes:
        part: The part that has it.
        row: Its place in the part, from 0.
        name: Its value of the column of ``--id``; None without one.
        reason: Why.
    """

    part: str
    row: int
    name: str | None
    reason: str


def failed_rows(job: Job, identifier: str | None = None, most: int = MOST_SHOWN) -> list[FailedRow]:
    """Returns the first failed rows of a job, in order.

    Args:
        job: The job; parts without a failed row are not read.
        identifier: Column whose values name the rows; None for none.
        most: Most rows that are returned.

    Raises:
        OutputError: A part cannot be read.
    """
    output, form = job.plan.options.output, job.plan.options.format
    storage, path = open_storage(output)
    names = (
        part_name(record.unit, record.part, form)
        for record, _ in job.parts()
        if record.counts.failed
    )
    rows = (
        FailedRow(name, row, value, reason)
        for name in names
        for row, value, reason in _failed_in(storage, f"{path}/{name}", form, identifier)
    )
    try:
        return list(islice(rows, most))
    except (OSError, ValueError, csv.Error) as error:
        raise OutputError(
            f"{output}: a part cannot be read back for the report ({error}). The job itself is "
            "done: see that the parts are readable, and run the same command again."
        ) from None


def _failed_in(
    storage: Any, path: str, form: OutputFormat, identifier: str | None
) -> Iterator[tuple[int, str | None, str]]:
    if form == "parquet":
        yield from _in_parquet(storage, path, identifier)
        return
    with (
        storage.open_input_stream(path) as stream,
        io.TextIOWrapper(stream, "utf-8", newline="") as text,
    ):
        # The limit of the process; its own is 128 KiB.
        csv.field_size_limit(sys.maxsize)
        found = csv.DictReader(text) if form == "csv" else map(json.loads, text)
        for row, values in enumerate(found):
            if values["error"]:
                yield row, _named(values.get(identifier)), values["error"]


def _in_parquet(
    storage: Any, path: str, identifier: str | None
) -> Iterator[tuple[int, str | None, str]]:
    import pyarrow.parquet as pq

    columns = ["error"] if identifier is None else [identifier, "error"]
    with storage.open_input_file(path) as stream:
        file = pq.ParquetFile(stream)
        row = 0
        for batch in file.iter_batches(columns=columns):
            values = batch.to_pydict()
            names = values[identifier] if identifier is not None else [None] * len(batch)
            for name, reason in zip(names, values["error"], strict=True):
                if reason is not None:
                    yield row, _named(name), reason
                row += 1


def _named(value: object) -> str | None:
    return None if value is None else str(value)
