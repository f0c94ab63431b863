"""A benchmark run: all measurements of a configuration, in order, with one result."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.benchmarking.config import Config
from scripts.benchmarking.duration import expected_duration
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.floors import Peaks, measure_peaks
from scripts.benchmarking.in_process import InProcess
from scripts.benchmarking.machine import ForeignLoad, describe_machine, usable_cores
from scripts.benchmarking.models import BenchmarkModel, find_model
from scripts.benchmarking.paths import ROOT
from scripts.benchmarking.progress import StepProgress
from scripts.benchmarking.results import Cell, Results
from scripts.benchmarking.statistics import spread

UNSTEADY = 0.05
"""Distance between quartiles over the median, of the baseline, from which a run is called noisy."""
BEATEN = 1.05
"""Fraction of the possible from which the possible must have been underestimated."""


@dataclass(frozen=True)
class Parts:
    """The parts of a configuration to run.

    Attributes:
        in_process: Whether to measure engines.
        servers: Whether to measure servers under load.
        profile: Whether to make profiles.
    """

    in_process: bool = True
    servers: bool = True
    profile: bool = False


def run_session(
    config: Config, parts: Parts, command: str, save: Callable[[Results], None]
) -> Results:
    """Runs a configuration.

    Args:
        config: What to measure.
        parts: The parts of it to run.
        command: The command line, for the report.
        save: Called with the result so far, so that an interrupted run loses little.

    Raises:
        ConfigError: A model cannot be found.
    """
    config = config.model_copy(update={"threads": config.threads or usable_cores()})
    results = Results(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit(),
        command=command,
        config=config.model_dump(),
        machine=describe_machine(),
    )
    models = [find_model(name) for name in config.models]
    duration = expected_duration(config, models, in_process=parts.in_process, servers=parts.servers)
    print(f"This takes {duration}.", file=sys.stderr)
    if parts.in_process:
        _run_engines(config, models, results, save)
    if parts.servers and config.servers:
        from scripts.benchmarking.http_session import run_servers

        run_servers(config, results, save)
    if parts.profile:
        from scripts.benchmarking.profiles import run_profiles

        run_profiles(config, results)
    results.warnings += noise(results)
    return results


def _run_engines(
    config: Config,
    models: Sequence[BenchmarkModel],
    results: Results,
    save: Callable[[Results], None],
) -> None:
    workloads = len(config.shapes) + sum(len(each.batches) for each in config.corpora.values())
    steps = len(models) * workloads * config.repetitions.rounds * len(config.engines)
    peaks = _peaks(config, models, results)
    parts = []
    with tempfile.TemporaryDirectory() as directory, StepProgress(steps) as progress:
        for model in models:
            part = InProcess(config, model, Path(directory), progress)
            parts.append(part)
            part.run(config.threads)
            results.engines += part.engines
            results.cells += part.cells
            save(results)
    again = peaks and _peaks(config, models, results)
    if peaks and again:
        peaks = peaks.best(again)
        results.peaks = {
            "products_gflops": peaks.products,
            "reading_gb_per_s": {str(size): value for size, value in peaks.reading.items()},
        }
        for part in parts:
            part.set_floors(peaks)


def _peaks(config: Config, models: Sequence[BenchmarkModel], results: Results) -> Peaks | None:
    try:
        return measure_peaks([model.config for model in models], config.threads)
    except NotAvailable as error:
        results.warnings.append(f"No floors: {error}")
        return None


def noise(results: Results) -> list[str]:
    """Returns a warning for each sign that the machine was not quiet."""
    found = []
    shares = [turn.foreign for cell in results.cells for turn in cell.turns]
    shares += [load.foreign for load in results.loads]
    loud = sum(share > ForeignLoad.LIMIT for share in shares)
    if loud > len(shares) / 20:
        found.append(
            f"Noisy machine: in {loud} of {len(shares)} measurements other processes or other "
            f"guests of the host used over {ForeignLoad.LIMIT:.0%} of the CPUs "
            f"(at most {max(shares):.0%}). Trust ratios, not times."
        )
    beaten = [cell for cell in results.cells if (cell.of_possible or 0) > BEATEN]
    if beaten:
        found.append(
            f"Floors too high: {len(beaten)} of {len(results.cells)} figures are below them, so "
            "the machine's peak was measured while it was busy."
        )
    unsteady = [cell for cell in results.cells if _is_unsteady(cell, results)]
    if unsteady:
        names = ", ".join(f"{cell.model} {cell.workload}" for cell in unsteady)
        found.append(
            f"Unsteady: the baseline's rounds differed by over {UNSTEADY:.0%} "
            f"(quartiles over median) at {names}."
        )
    return found


def _is_unsteady(cell: Cell, results: Results) -> bool:
    medians = [turn.median_ms for turn in cell.turns]
    return cell.engine == results.config["baseline"] and spread(medians) > UNSTEADY


def commit() -> str:
    """Returns the commit that is measured, with ``+`` if files differ from it."""

    def git(*arguments: str) -> str:
        ended = subprocess.run(
            ["git", *arguments],  # noqa: S607  git is where PATH says
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return ended.stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")
