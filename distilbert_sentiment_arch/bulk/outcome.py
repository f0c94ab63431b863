"""What a job came to: its counts, its slowest parts and its failed rows, for summary and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from distilbert_sentiment_arch.bulk.counts import Counts


@dataclass(frozen=True)
class PartOutcome:
    """An output part.

    Attributes:
        name: Its file, relative to the output.
        source: The input file that its rows are of, or the first of several.
        counts: Of its rows.
        seconds: What it took, reading and writing included.
    """

    name: str
    source: str
    counts: Counts
    seconds: float


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


@dataclass(frozen=True)
class Outcome:
    """A whole job, whichever runs it took.

    Attributes:
        model: Name of the model or word list.
        output: Directory or URI of the parts.
        parts: All parts, in the order of the rows.
        failed: Some of the failed rows, in order; ``counts`` has how many there are.
        settings: What the job was asked to do, as name and value.
        rows_of_run: Rows that the last run scored.
        tokens_of_run: Tokens that the last run read.
        seconds: What the last run took.
    """

    model: str
    output: str
    parts: Sequence[PartOutcome]
    failed: Sequence[FailedRow] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    rows_of_run: int = 0
    tokens_of_run: int = 0
    seconds: float = 0.0

    @cached_property
    def counts(self) -> Counts:
        """Of all rows."""
        return _sum(self.parts)

    @property
    def by_source(self) -> dict[str, Counts]:
        """Counts by input file, those that share a part under the first of them."""
        found: dict[str, list[PartOutcome]] = {}
        for part in self.parts:
            found.setdefault(part.source, []).append(part)
        return {source: _sum(parts) for source, parts in found.items()}


def _sum(parts: Iterable[PartOutcome]) -> Counts:
    found = Counts()
    for part in parts:
        found.add(part.counts)
    return found
