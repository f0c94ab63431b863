"""Tables of a result as rows of text, for console, Markdown and docs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from scripts.benchmarking.results import Cell, EngineRecord, LoadRecord, Profile, Results
from scripts.benchmarking.statistics import Bootstrap

SMALL_PART = 0.005
LATENCY_PERCENTILES = ("p50", "p95", "p99")
LEAST_PASSES = {"p50": 1, "p95": 20, "p99": 100}
"""Passes from which a percentile is shown: of fewer it would be the slowest one."""


@dataclass(frozen=True)
class Table:
    """A table: title, head and rows."""

    title: str
    head: list[str]
    rows: list[list[str]]


def profile_table(profile: Profile) -> Table:
    """Returns the parts of a profile, with those under half a percent merged into one."""
    large = {
        part: ms for part, ms in profile.parts_ms.items() if ms >= SMALL_PART * profile.total_ms
    }
    small = profile.total_ms - sum(large.values())
    parts = large | ({"others": small} if small > 0 else {}) | {"total": profile.total_ms}
    return Table(
        f"Profile: {profile.subject}, {profile.model}, {profile.workload}",
        ["part", "ms", "share"],
        [[part, f"{ms:.3f}", f"{ms / profile.total_ms:.1%}"] for part, ms in parts.items()],
    )


def engine_table(results: Results, model: str) -> Table:
    """Returns the settings and the accuracy of each engine."""
    records = [record for record in results.engines if record.model == model]
    corpora = unique(name for record in records for name in record.accuracy)
    head = ["engine", "precision", "largest difference", "labels as reference"]
    head += [f"accuracy, {corpus}" for corpus in corpora]
    return Table(f"Engines, {model}", head, [_engine_row(record, corpora) for record in records])


def _engine_row(record: EngineRecord, corpora: list[str]) -> list[str]:
    if record.unavailable is not None or record.check is None:
        reason = " ".join((record.unavailable or "not checked").split())
        return [record.engine, f"not run: {reason[:300]}", "", "", *[""] * len(corpora)]
    difference = record.check.largest_difference
    return [
        record.engine,
        record.precision,
        "" if difference is None else f"{difference:.1e}",
        f"{record.check.agreement:.1%}",
        *[f"{record.accuracy[name]:.3f}" if name in record.accuracy else "" for name in corpora],
    ]


def time_table(results: Results, model: str) -> Table:
    """Returns milliseconds per pass and the ratio to the baseline, with their intervals."""
    return _grid(results, model, _times_title(results, model), _time)


def latency_table(results: Results, model: str) -> Table:
    """Returns percentiles of the passes of all rounds, and the range of the rounds' medians."""
    head = ["workload", "engine", *[f"{each} ms" for each in LATENCY_PERCENTILES]]
    head += ["medians of the rounds, ms", "passes"]
    return Table(
        f"Latency of a pass, {model}",
        head,
        [
            [
                cell.workload,
                cell.engine,
                *[_percentile(cell, name) for name in LATENCY_PERCENTILES],
                value_range([turn.median_ms for turn in cell.turns]),
                str(cell.passes),
            ]
            for cell in results.cells
            if cell.model == model
        ],
    )


def _percentile(cell: Cell, name: str) -> str:
    if name not in cell.latency or cell.passes < LEAST_PASSES[name]:
        return ""
    return significant(cell.latency[name])


def value_range(values: Iterable[float]) -> str:
    """Returns the least and the largest of values."""
    found = sorted(values)
    return f"{significant(found[0])} to {significant(found[-1])}" if found else ""


def possible_table(results: Results, model: str) -> Table:
    """Returns the floor of each workload and the fraction of the possible speed that is reached."""
    title = f"Fraction of the possible, {model} (floor in the engine's own precision)"
    return _grid(results, model, title, _possible)


def _times_title(results: Results, model: str) -> str:
    return f"Milliseconds a pass, {model} (x {results.config['baseline']}, below 1 is faster)"


def _grid(results: Results, model: str, title: str, show: Callable[[Cell], str]) -> Table:
    """Returns a row for each engine and a column for each shape or corpus."""
    cells = {
        (cell.engine, cell.family): cell for cell in results.best_cells() if cell.model == model
    }
    families = unique(family for _, family in cells)
    rows = []
    for engine in unique(engine for engine, _ in cells):
        found = [cells.get((engine, family)) for family in families]
        rows.append([engine, *["" if cell is None else show(cell) for cell in found]])
    return Table(title, ["engine", *families], rows)


def _time(cell: Cell) -> str:
    text = f"{significant(cell.ms.value)} [{significant(cell.ms.low)}, {significant(cell.ms.high)}]"
    if cell.ratio is not None:
        text += f" x{cell.ratio.value:.2f} [{cell.ratio.low:.2f}, {cell.ratio.high:.2f}]"
    if cell.workload != cell.family:
        text += f", batch {cell.batch}: {cell.per_second:.0f}/s"
    return text


def _possible(cell: Cell) -> str:
    if cell.floor_ms is None or cell.of_possible is None:
        return ""
    return f"{cell.of_possible:.0%} of {significant(cell.floor_ms)} ms"


def server_tables(results: Results) -> list[Table]:
    """Returns a table of each server's start and memory, and one table per load."""
    if not results.servers:
        return []
    about = Table(
        "Servers",
        ["server", "model", "cold start s", "warm start s", "idle MB", "peak MB", "labels"],
        [
            [record.server, record.model, f"not run: {record.unavailable}"[:300], *[""] * 4]
            if record.unavailable is not None
            else [
                record.server,
                record.model,
                number(record.cold_start_s, ".1f"),
                number(record.warm_start_s, ".1f"),
                number(record.idle_mb, ".0f"),
                number(record.peak_mb, ".0f"),
                number(record.agreement, ".1%"),
            ]
            for record in results.servers
        ],
    )
    found = [about]
    for model in unique(load.model for load in results.loads):
        for name in unique(load.load for load in results.loads if load.model == model):
            loads = [load for load in results.loads if (load.model, load.load) == (model, name)]
            found.append(_load_table(results, model, name, loads))
    return found


def _load_table(results: Results, model: str, name: str, loads: list[LoadRecord]) -> Table:
    baseline = str(results.config.get("server_baseline", ""))
    bootstrap = results.bootstrap
    rows = []
    for server in unique(load.server for load in loads):
        rounds = [load for load in loads if load.server == server]
        speeds = bootstrap.median([each.texts_per_second for each in rounds])
        rows.append(
            [
                server,
                *[
                    _estimate(bootstrap, [each.latency.get(percentile) for each in rounds])
                    for percentile in LATENCY_PERCENTILES
                ],
                significant(median(each.corrected["p99"] for each in rounds)),
                f"{speeds.value:.0f} [{speeds.low:.0f}, {speeds.high:.0f}]",
                _throughput_ratio(bootstrap, loads, server, baseline),
                f"{median(each.cpu_ms for each in rounds):.1f}",
                str(sum(sum(each.errors.values()) for each in rounds)),
                f"{median(each.generator_cpu for each in rounds):.0%}",
            ]
        )
    head = ["server", *[f"{each} ms" for each in LATENCY_PERCENTILES], "p99 corrected ms"]
    head += [
        "texts/s",
        f"x {baseline}" if baseline else "ratio",
        "CPU ms a request",
        "errors",
        "generator CPU",
    ]
    return Table(f"Load, {model}: {name}", head, rows)


def _estimate(bootstrap: Bootstrap, values: Iterable[float | None]) -> str:
    """Returns the median over rounds and its interval; nothing without any value."""
    known = [value for value in values if value is not None]
    if not known:
        return ""
    found = bootstrap.median(known)
    return f"{significant(found.value)} [{significant(found.low)}, {significant(found.high)}]"


def _throughput_ratio(
    bootstrap: Bootstrap, loads: Iterable[LoadRecord], server: str, baseline: str
) -> str:
    """Returns the ratio of a server's throughput to the baseline's, paired by round."""
    speeds = {(load.server, load.round): load.texts_per_second for load in loads}
    rounds = [each for name, each in speeds if name == server and (baseline, each) in speeds]
    if not rounds or not all(speeds[baseline, each] for each in rounds):
        return ""
    found = bootstrap.ratio(
        [speeds[server, each] for each in rounds], [speeds[baseline, each] for each in rounds]
    )
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def number(value: float | None, form: str) -> str:
    """Returns a number as text, and an empty text for None."""
    return "" if value is None else format(value, form)


def significant(value: float) -> str:
    """Returns a number with three significant digits, never with an exponent."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def unique(values: Iterable[str]) -> list[str]:
    """Returns values in the order of their first appearance."""
    return list(dict.fromkeys(values))
