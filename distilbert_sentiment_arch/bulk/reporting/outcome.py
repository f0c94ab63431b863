"""What a job came to: its counts, its slowest parts and its failed rows, for summary and report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.job.job import Job
from distilbert_sentiment_arch.bulk.job.parts import part_name
from distilbert_sentiment_arch.bulk.options import JobOptions
from distilbert_sentiment_arch.bulk.reporting.failed_rows import FailedRow
from distilbert_sentiment_arch.bulk.reporting.progress import JobSize, Snapshot
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity


@dataclass(frozen=True)
class PartOutcome:
    """An output part.

    Attributes:
        name: Its file, relative to the output.
        source: The input file that its rows are of, or the first of several.
        counts: Of its rows.
        seconds: What it took; None where an earlier run wrote it.
    """

    name: str
    source: str
    counts: Counts
    seconds: float | None


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
        scoring_seconds: What it took without its start and the loading of the model.
        has_fallback: A word list answers where the model fails.
        has_values: Scores are values of a regression, which may be any number.
    """

    model: str
    output: str
    parts: Sequence[PartOutcome]
    failed: Sequence[FailedRow] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    rows_of_run: int = 0
    tokens_of_run: int = 0
    seconds: float = 0.0
    scoring_seconds: float = 0.0
    has_fallback: bool = False
    has_values: bool = False

    @cached_property
    def counts(self) -> Counts:
        """Of all rows."""
        return _sum(self.parts)

    @property
    def speed(self) -> tuple[float, float]:
        """Rows and tokens a second of the last run, without its start."""
        seconds = max(self.scoring_seconds, 1e-3)
        return self.rows_of_run / seconds, self.tokens_of_run / seconds

    @property
    def histogram_title(self) -> str:
        """What the histogram shows."""
        if self.has_values:
            return "values of the labels; those below 0 and above 1 are in the outer columns"
        return "scores of the labels"

    @property
    def notes(self) -> dict[str, int]:
        """Rows that were not answered from the whole text by the model, by what was done."""
        counts = self.counts
        notes = {
            "cut at the token limit": counts.cut,
            "read in windows": counts.windowed,
            "answered by the fallback": counts.routes["lexicon"] if self.has_fallback else 0,
        }
        return {what: rows for what, rows in notes.items() if rows}

    def as_json(self) -> dict[str, Any]:
        """Returns the counts over the whole job, and what the last run took."""
        return {
            "output": self.output,
            "model": self.model,
            "scoring_seconds": round(self.scoring_seconds, 3),
            "total": self.counts.to_json(),
        }

    @property
    def by_source(self) -> dict[str, Counts]:
        """Counts by input file, those that share a part under the first of them."""
        found: dict[str, list[PartOutcome]] = {}
        for part in self.parts:
            found.setdefault(part.source, []).append(part)
        return {source: _sum(parts) for source, parts in found.items()}


def size_of(job: Job) -> JobSize:
    """Returns how much of a job is done, and how much there is with what is left to this run."""
    done = sum(1 for _ in job.parts())
    tasks = job.tasks()
    rows = [task.rows for task in tasks if task.rows is not None]
    parts = [task.parts for task in tasks if task.parts is not None]
    return JobSize(
        job.done.rows + sum(rows) if len(rows) == len(tasks) else None,
        job.done.rows,
        done + sum(parts) if len(parts) == len(tasks) else None,
        done,
    )


def outcome_of(
    job: Job,
    identity: ModelIdentity,
    run: Snapshot,
    part_seconds: Mapping[str, float],
    failed: Sequence[FailedRow] = (),
) -> Outcome:
    """Returns what a finished job came to.

    Args:
        job: The job.
        identity: What scored its rows.
        run: What this run did of it.
        part_seconds: What parts took, by their name, as far as this run wrote them.
        failed: Failed rows, as far as they are shown.
    """
    options = job.plan.options
    parts = []
    for record, files in job.parts():
        name = part_name(record.unit, record.part, options.format)
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        source = f"{files[0].path}{more}"
        parts.append(PartOutcome(name, source, record.counts, part_seconds.get(name)))
    return Outcome(
        identity.model,
        options.output,
        parts,
        failed,
        _settings(options, identity),
        run.counts.rows,
        run.counts.tokens_read,
        run.seconds,
        run.scoring_seconds,
        has_fallback=identity.fallback is not None,
        has_values=identity.problem_type == "regression",
    )


def _settings(options: JobOptions, identity: ModelIdentity) -> dict[str, str]:
    read, model = options.input, options.model
    limit = model.truncation.limit
    found: dict[str, object] = {
        "input": " ".join(options.inputs),
        "output": options.output,
        "format": options.format,
        "text": read.text,
        "text pair": read.text_pair,
        "columns kept": None if read.keep is None else ", ".join(read.keep) or "none",
        "model": identity.model,
        "revision": identity.revision,
        "weights": identity.weights_digest,
        "precision": identity.precision,
        "labels": ", ".join(identity.labels),
        "truncation": model.truncation.mode + (f", {limit} tokens" if limit else ""),
        "fallback": model.fallback,
        "explained by": model.explain and model.explain.method,
        "on error": options.on_error,
        "rows of a part": f"{options.part_rows:,}",
        "version": identity.version,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _sum(parts: Iterable[PartOutcome]) -> Counts:
    found = Counts()
    for part in parts:
        found.add(part.counts)
    return found
