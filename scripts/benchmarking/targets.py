"""The verdict on each target of a configuration: met or missed, by what ratio."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scripts.benchmarking.config import TargetConfig
from scripts.benchmarking.report_tables import Table, significant, unique
from scripts.benchmarking.results import Results
from scripts.benchmarking.statistics import Estimate

Verdict = Literal["met", "missed", "not measured"]


@dataclass(frozen=True)
class Outcome:
    """A target at one workload with one model.

    Attributes:
        target: The target.
        model: Name of the model.
        workload: Name of the shape, corpus or load.
        ours: The subject's figure: the median over rounds; None if it was not measured.
        theirs: The same of the best of those it is compared with; None if there is none.
        rival: Name of that best one, empty if there is none.
        times: How many times as good ours is, paired by round; for an absolute target the
            milliseconds allowed over the milliseconds taken.
    """

    target: TargetConfig
    model: str
    workload: str
    ours: float | None = None
    theirs: float | None = None
    rival: str = ""
    times: Estimate | None = None

    @property
    def wanted(self) -> float:
        """The least ``times`` that meets the target."""
        return self.target.times if self.target.times is not None else 1.0

    @property
    def verdict(self) -> Verdict:
        """The judgement, by the median and not by the ends of its interval."""
        if self.times is None:
            return "not measured"
        return "met" if self.times.value >= self.wanted else "missed"


def outcomes(results: Results, targets: Sequence[TargetConfig]) -> list[Outcome]:
    """Returns the outcome of each target, for each model that it names and each workload."""
    passes = unique(cell.model for cell in results.cells)
    loads = unique(load.model for load in results.loads)
    return [
        _outcome(results, target, model, workload)
        for target in targets
        for model in target.models or (passes if target.figure == "pass" else loads)
        for workload in target.workloads
    ]


def _outcome(results: Results, target: TargetConfig, model: str, workload: str) -> Outcome:
    ours = _rounds(results, target, target.subject, model, workload)
    if not ours:
        return Outcome(target, model, workload)
    bootstrap = results.bootstrap
    if target.at_most_ms is not None:
        times = bootstrap.ratio([target.at_most_ms] * len(ours), list(ours.values()))
        return Outcome(target, model, workload, statistics.median(ours.values()), times=times)
    higher_is_better = target.figure == "texts"
    kind: Literal["engines", "servers"] = "engines" if target.figure == "pass" else "servers"
    rivals = {
        name: rounds
        for name in results.variants(kind, target.against)
        if (rounds := _rounds(results, target, name, model, workload))
    }
    if not rivals:
        return Outcome(target, model, workload, statistics.median(ours.values()))
    best = (max if higher_is_better else min)(
        rivals, key=lambda name: statistics.median(rivals[name].values())
    )
    theirs = rivals[best]
    common = [number for number in ours if number in theirs]
    mine, other = [ours[number] for number in common], [theirs[number] for number in common]
    if not common or not all(mine) or not all(other):
        return Outcome(target, model, workload, statistics.median(ours.values()))
    return Outcome(
        target,
        model,
        workload,
        ours=statistics.median(ours.values()),
        theirs=statistics.median(theirs.values()),
        rival=best,
        times=bootstrap.ratio(mine, other) if higher_is_better else bootstrap.ratio(other, mine),
    )


def _rounds(
    results: Results, target: TargetConfig, name: str, model: str, workload: str
) -> dict[int, float]:
    """Returns a figure of an engine or a server by round; nothing if it was not measured."""
    if target.figure == "pass":
        for cell in results.best_cells():
            if (cell.engine, cell.model, cell.family) == (name, model, workload):
                return {turn.round: turn.median_ms for turn in cell.turns}
        return {}
    return {
        load.round: load.texts_per_second
        if target.figure == "texts"
        else load.latency[target.figure]
        for load in results.loads
        if (load.server, load.model, load.load) == (name, model, workload) and load.answered
    }


def target_table(
    results: Results, targets: Sequence[TargetConfig], *, measured_only: bool = False
) -> Table:
    """Returns a row for each target at each workload, with its verdict.

    Args:
        results: A result.
        targets: The targets.
        measured_only: Leave out what the result has no figures for.
    """
    found = outcomes(results, targets)
    if measured_only:
        found = [each for each in found if each.verdict != "not measured"]
    met = sum(each.verdict == "met" for each in found)
    head = ["target", "model", "workload", "ours", "theirs", "times", "at least", "verdict"]
    return Table(
        f"Targets: {met} of {len(found)} met",
        head,
        [
            [
                each.target.what,
                each.model,
                each.workload,
                _figure(each.target, each.ours),
                _theirs(each),
                ""
                if each.times is None
                else f"{each.times.value:.2f} [{each.times.low:.2f}, {each.times.high:.2f}]",
                f"{each.wanted:g}",
                each.verdict,
            ]
            for each in found
        ],
    )


def _theirs(outcome: Outcome) -> str:
    if outcome.target.at_most_ms is not None:
        return f"at most {outcome.target.at_most_ms:g} ms"
    text = _figure(outcome.target, outcome.theirs)
    return f"{text}, {outcome.rival}" if text else outcome.target.against


def _figure(target: TargetConfig, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f} texts/s" if target.figure == "texts" else f"{significant(value)} ms"
