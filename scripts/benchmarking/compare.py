"""``benchmark compare A.json B.json``: figures that are slower, less accurate or missing."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from scripts.benchmarking.results import Cell, Interval, Results, read_results

Verdict = Literal["regression", "improvement", "same", "missing"]

TOLERANCE = 0.05
"""Change that is called the same, whatever the intervals say."""
LOAD_TOLERANCE = 0.15
"""The same for medians under load, which have no interval."""
ACCURACY_TOLERANCE = 0.005
"""Accuracy or agreement that may be lost, in shares of the texts."""


@dataclass(frozen=True)
class Change:
    """One figure in two results.

    Attributes:
        what: Model, engine or server, and workload or load.
        figure: Name of the figure: ``x BASELINE``, ``ms``, ``p50 ms``, ``accuracy``.
        before: Value in the first result.
        after: Value in the second result; None if it is missing.
        verdict: The judgement of the change.
    """

    what: str
    figure: str
    before: float
    after: float | None
    verdict: Verdict


def compare(before: Results, after: Results, tolerance: float = TOLERANCE) -> list[Change]:
    """Returns a change for each figure of the first result.

    Times are compared as ratios to the baseline where both results have the same baseline, because
    then the machine cancels; a change counts where the intervals do not overlap and the medians are
    further apart than the tolerance.
    """
    return [
        *_times(before, after, tolerance),
        *_loads(before, after),
        *_accuracies(before, after),
    ]


def _times(before: Results, after: Results, tolerance: float) -> list[Change]:
    later = {(cell.model, cell.engine, cell.workload): cell for cell in after.cells}
    same_baseline = before.config["baseline"] == after.config["baseline"]
    found = []
    for cell in before.cells:
        what = f"{cell.model} {cell.engine} {cell.workload}"
        other = later.get((cell.model, cell.engine, cell.workload))
        is_baseline = cell.engine == before.config["baseline"]
        as_ratio = same_baseline and not is_baseline and cell.ratio is not None
        old = _figure(cell, as_ratio=as_ratio)
        figure = f"x {before.config['baseline']}" if as_ratio else "ms"
        if other is None or (as_ratio and other.ratio is None):
            found.append(Change(what, figure, old.value, None, "missing"))
            continue
        new = _figure(other, as_ratio=as_ratio)
        found.append(Change(what, figure, old.value, new.value, _verdict(old, new, tolerance)))
    return found


def _figure(cell: Cell, *, as_ratio: bool) -> Interval:
    if as_ratio:
        assert cell.ratio is not None
        return cell.ratio
    return cell.ms


def _verdict(old: Interval, new: Interval, tolerance: float) -> Verdict:
    if new.low > old.high and new.value > old.value * (1 + tolerance):
        return "regression"
    if new.high < old.low and new.value < old.value * (1 - tolerance):
        return "improvement"
    return "same"


def _loads(before: Results, after: Results) -> list[Change]:
    def medians(results: Results) -> dict[str, float]:
        rounds: dict[str, list[float]] = {}
        for load in results.loads:
            name = f"{load.model} {load.server} {load.load}"
            rounds.setdefault(name, []).append(load.latency["p50"])
        return {name: statistics.median(values) for name, values in rounds.items()}

    found = []
    later = medians(after)
    for name, old in medians(before).items():
        new = later.get(name)
        verdict: Verdict = "same"
        if new is None:
            verdict = "missing"
        elif new > old * (1 + LOAD_TOLERANCE):
            verdict = "regression"
        elif new < old * (1 - LOAD_TOLERANCE):
            verdict = "improvement"
        found.append(Change(name, "p50 ms", old, new, verdict))
    return found


def _accuracies(before: Results, after: Results) -> list[Change]:
    def shares(results: Results) -> dict[tuple[str, str], float]:
        found = {}
        for record in results.engines:
            if record.unavailable is None and record.check is not None:
                name = f"{record.model} {record.engine}"
                found[name, "labels as reference"] = record.check.agreement
                for corpus, accuracy in record.accuracy.items():
                    found[name, f"accuracy, {corpus}"] = accuracy
        return found

    later = shares(after)
    changes = []
    for (what, figure), old in shares(before).items():
        new = later.get((what, figure))
        verdict: Verdict = "same"
        if new is None:
            verdict = "missing"
        elif new < old - ACCURACY_TOLERANCE:
            verdict = "regression"
        elif new > old + ACCURACY_TOLERANCE:
            verdict = "improvement"
        changes.append(Change(what, figure, old, new, verdict))
    return changes


def compare_command(arguments: Sequence[str]) -> int:
    """Prints the changes; returns 1 if a figure regressed or is missing."""
    parser = argparse.ArgumentParser(prog="benchmark compare", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument(
        "--tolerance", type=float, default=TOLERANCE, help="change of a time that is the same"
    )
    parser.add_argument("--all", action="store_true", help="show what stayed the same, too")
    options = parser.parse_args(arguments)
    changes = compare(read_results(options.before), read_results(options.after), options.tolerance)
    table = Table()
    for name in ("what", "figure", "before", "after", "change", "verdict"):
        table.add_column(name)
    for change in changes:
        if options.all or change.verdict != "same":
            after = "" if change.after is None else f"{change.after:.3g}"
            share = "" if change.after is None else f"{change.after / change.before - 1:+.1%}"
            before = f"{change.before:.3g}"
            table.add_row(change.what, change.figure, before, after, share, change.verdict)
    Console(width=160).print(table)
    bad = [change for change in changes if change.verdict in ("regression", "missing")]
    print(f"{len(changes)} figures compared, {len(bad)} regressed or missing")
    return 1 if bad else 0
