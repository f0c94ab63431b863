"""``benchmark capacity --rows``: core-hours of a dataset, and nodes that have it by a deadline.

The model: a worker reads as many tokens a second as the slowest of the measured workers did, and
workers on different nodes do not slow each other down. Every node loads the model once.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.benchmarking.bulk_figures import BulkFigures
from scripts.benchmarking.errors import BenchmarkError

START_S = 60.0
"""Seconds until a node computes: its pod starts, and the model is loaded from the cache."""


@dataclass(frozen=True)
class Check:
    """A measured point beside what the model says of it.

    Attributes:
        workers: Workers beside each other.
        cores: Cores of each.
        measured: Tokens a second of all, the median of the rounds.
        predicted: So many times those of one worker.
    """

    workers: int
    cores: int
    measured: float
    predicted: float

    @property
    def per_core(self) -> float:
        """Tokens a second of a core, as measured."""
        return self.measured / self.workers / self.cores


@dataclass(frozen=True)
class Dataset:
    """What is to be scored.

    Attributes:
        rows: Rows.
        tokens: Tokens of a row that are read, on average.
    """

    rows: float
    tokens: float

    @property
    def all_tokens(self) -> float:
        """Tokens of all rows."""
        return self.rows * self.tokens


def checks(figures: BulkFigures) -> list[Check]:
    """Returns the measured points, each beside one worker times their number.

    Raises:
        BenchmarkError: One worker was not measured.
    """
    rates = {
        point.workers: point.workers * figures.tokens / statistics.median(point.seconds)
        for point in figures.points
    }
    if 1 not in rates:
        raise BenchmarkError(
            "workers beside each other were not measured. Run ./scripts/benchmark bulk --publish"
        )
    return [
        Check(point.workers, point.cores, rates[point.workers], point.workers * rates[1])
        for point in sorted(figures.points, key=lambda each: each.workers)
    ]


def core_hours(dataset: Dataset, per_core: float) -> float:
    """Returns the core-hours of a dataset.

    Args:
        dataset: The dataset.
        per_core: Tokens a second of a core.
    """
    return dataset.all_tokens / per_core / 3600


def nodes(dataset: Dataset, per_core: float, hours: float, cores: int) -> int:
    """Returns the nodes that score a dataset by a deadline.

    Args:
        dataset: The dataset.
        per_core: Tokens a second of a core.
        hours: The deadline.
        cores: Cores of a node that compute.

    Raises:
        BenchmarkError: Nodes do not start by then.
    """
    left = hours - START_S / 3600
    if left <= 0:
        raise BenchmarkError(
            f"--hours: {hours:g} hours are less than a node takes to start, {START_S:g} s."
        )
    return max(1, math.ceil(core_hours(dataset, per_core) / cores / left))


def dataset_lines(
    figures: BulkFigures, dataset: Dataset, hours: float, cores: int
) -> Sequence[str]:
    """Returns core-hours and nodes, as lines of text, with what they were computed from."""
    found = checks(figures)
    slowest = min(found, key=lambda each: each.per_core)
    count = nodes(dataset, slowest.per_core, hours, cores)
    spent = core_hours(dataset, slowest.per_core)
    measured_tokens = figures.tokens / figures.rows
    lines = [
        f"{dataset.rows:,.0f} rows of {dataset.tokens:g} tokens are "
        f"{dataset.all_tokens / 1e6:,.1f} million tokens: {spent:.2f} core-hours at "
        f"{slowest.per_core:.0f} tokens/s a core.",
        f"Within {hours:g} hours: {count} node{'s' * (count > 1)} of {cores} cores, with "
        f"{START_S:g} s for each to start.",
        f"Measured with {figures.model} on {figures.machine.get('cpu', 'an unknown processor')}, "
        f"texts of {measured_tokens:.0f} tokens on average:",
    ]
    for check in found:
        lines.append(
            f"- {check.workers} worker{'s' * (check.workers > 1)} of {check.cores} "
            f"core{'s' * (check.cores > 1)}: {check.measured:.0f} tokens/s, in proportion to one "
            f"{check.predicted:.0f} ({check.measured / check.predicted - 1:+.1%})."
        )
    lines.append(
        "More workers, other processors and longer texts were not measured: a token of a longer "
        "text takes longer, and nodes are taken not to slow each other down."
    )
    return lines
