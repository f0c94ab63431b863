"""What is done of a job: the records of its parts, and of the ends of its units."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory
from distilbert_sentiment_arch.bulk.job.parts import (
    RECORDS,
    PartRecord,
    end_name,
    is_part_name,
    part_name,
    record_name,
)
from distilbert_sentiment_arch.bulk.options import OutputFormat

_READ_AT_ONCE = 16


class Records:
    """Parts that are in the output, and ends of units.

    A record without its part, or with one of another size, does not count: the part is made again.

    Args:
        output: Of the job.
        output_format: Of the parts.
        part_rows: Rows of each part but the last one of a unit.
    """

    def __init__(
        self, output: OutputDirectory, output_format: OutputFormat, part_rows: int
    ) -> None:
        self._output = output
        self._part_rows = part_rows
        self._format = output_format
        self._parts: dict[int, dict[int, PartRecord]] = {}
        self._ends: dict[int, int] = {}
        self._known: set[str] = set()

    def read(self) -> None:
        """Reads the records that were written since the call before.

        Raises:
            OutputError: They cannot be read.
        """
        # In this order: a part is there before its record is.
        listed = [each.name for each in self._output.files(RECORDS)]
        sizes = {each.name: each.size for each in self._output.files()}
        new = [name for name in listed if name not in self._known]
        if self._output.local:
            contents = [self._output.read(name) for name in new]
        else:
            with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
                contents = list(pool.map(self._output.read, new))
        for name, content in zip(new, contents, strict=True):
            self._take(name, content or b"")
        for parts in self._parts.values():
            for part, record in list(parts.items()):
                if sizes.get(self._name(record)) != record.bytes:
                    del parts[part]
                    self._known.discard(record_name(record.unit, record.part))

    def parts(self, unit: int) -> dict[int, PartRecord]:
        """Returns the parts of a unit that are there, by their number."""
        return self._parts.get(unit, {})

    def rows(self, unit: int) -> int | None:
        """Returns the rows of a unit that was read to its end; None for others."""
        last = max(self.parts(unit), default=None)
        if last is not None:
            rows = self.parts(unit)[last].counts.rows
            if rows < self._part_rows:
                return last * self._part_rows + rows
        return self._ends.get(unit)

    def units(self) -> set[int]:
        """Returns the units of which parts are there."""
        return {unit for unit, parts in self._parts.items() if parts}

    def counts(self, unit: int) -> Counts:
        """Returns the counts over the parts of a unit that are there."""
        total = Counts()
        for _, record in sorted(self.parts(unit).items()):
            total.add(record.counts)
        return total

    def forget(self) -> None:
        """Removes all records, those of ends too; no part is there."""
        for file in self._output.files(RECORDS):
            self._output.remove(file.name)
        self._known.clear()
        self._ends.clear()

    def strays(self) -> Iterator[str]:
        """Yields the names of parts in the output that have no record."""
        mine = {self._name(each) for parts in self._parts.values() for each in parts.values()}
        for file in self._output.files():
            if is_part_name(file.name) and file.name not in mine:
                yield file.name

    def _name(self, record: PartRecord) -> str:
        return part_name(record.unit, record.part, self._format)

    def _take(self, name: str, content: bytes) -> None:
        try:
            value = json.loads(content)
            if name == end_name(value["unit"]):
                self._ends[value["unit"]] = value["rows"]
            else:
                record = PartRecord.from_json(value)
                self._parts.setdefault(record.unit, {})[record.part] = record
            self._known.add(name)
        except (ValueError, KeyError, TypeError):
            # Not a whole record: its part is made again, and the record with it.
            return
