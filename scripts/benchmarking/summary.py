"""The summary: the main figures of each engine, and the comparisons that this project loses."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass

from scripts.benchmarking.config import EMBEDDED
from scripts.benchmarking.report_tables import Table, number, significant
from scripts.benchmarking.results import Results

MODEL = EMBEDDED
ONE_TEXT = "1x32"
CORPUS = "mixed"
ONE_CALLER, MANY_CALLERS = "closed 1", "closed 16"


@dataclass(frozen=True)
class Row:
    """A row of the summary; figures that were not measured are None.

    Attributes:
        engine: Its name.
        precision: Precision of its products, or the reason why it was not run.
        one_text_ms: One text of 32 tokens, in process: the median over all passes.
        texts_per_second: Texts of mixed lengths, in process, at its best batch size.
        http_ms: The same text over HTTP, one caller: the median.
        http_texts_per_second: Over HTTP, 16 callers: median over rounds.
        agreement: Share of labels equal to the float64 reference's, 0 to 1.
        is_ours: Whether it belongs to this project.
    """

    engine: str
    precision: str
    one_text_ms: float | None
    texts_per_second: float | None
    http_ms: float | None
    http_texts_per_second: float | None
    agreement: float | None
    is_ours: bool


@dataclass(frozen=True)
class Figure:
    """A column of the summary.

    Attributes:
        title: Title of the column.
        value: Returns its value in a row.
        is_time: It is a time in milliseconds, lower is better; texts per second otherwise.
    """

    title: str
    value: Callable[[Row], float | None]
    is_time: bool


FIGURES = (
    Figure("one text of 32 tokens, p50", lambda row: row.one_text_ms, is_time=True),
    Figure("texts of mixed lengths", lambda row: row.texts_per_second, is_time=False),
    Figure("HTTP, 1 caller, p50", lambda row: row.http_ms, is_time=True),
    Figure("HTTP, 16 callers", lambda row: row.http_texts_per_second, is_time=False),
)


def rows(results: Results) -> list[Row]:
    """Returns a row for each engine of the embedded model, in the order of the configuration."""
    modules = {name: each["module"] for name, each in results.config["engines"].items()}
    found = []
    for record in results.engines:
        if record.model != MODEL:
            continue
        reason = record.unavailable
        found.append(
            Row(
                engine=record.engine,
                precision=record.precision if reason is None else f"not run: {reason}"[:80],
                one_text_ms=_milliseconds(results, record.engine),
                texts_per_second=_texts_per_second(results, record.engine),
                http_ms=_load(results, record.engine, ONE_CALLER, "p50"),
                http_texts_per_second=_load(results, record.engine, MANY_CALLERS, ""),
                agreement=record.check.agreement if record.check else None,
                is_ours=modules.get(record.engine) == "max_graph",
            )
        )
    return found


def _milliseconds(results: Results, engine: str) -> float | None:
    for cell in results.cells:
        if (cell.model, cell.engine, cell.workload) == (MODEL, engine, ONE_TEXT):
            return cell.latency.get("p50", cell.ms.value)
    return None


def _texts_per_second(results: Results, engine: str) -> float | None:
    for cell in results.best_cells():
        if (cell.model, cell.engine, cell.family) == (MODEL, engine, CORPUS):
            return cell.per_second
    return None


def _load(results: Results, engine: str, load: str, percentile: str) -> float | None:
    """Returns the median over rounds of a percentile, or of texts per second."""
    servers = results.config.get("servers", {})
    values = [
        each.latency[percentile] if percentile else each.texts_per_second
        for each in results.loads
        if each.model == MODEL
        and each.load == load
        and servers.get(each.server, {}).get("engine") == engine
    ]
    return statistics.median(values) if values else None


def summary_table(results: Results) -> Table:
    """Returns the summary as a table; the best figure of a column is bold."""
    found = rows(results)
    best = {figure: _best(found, figure) for figure in FIGURES}
    head = ["engine", "precision", *[figure.title for figure in FIGURES], "labels"]
    cells = []
    for row in found:
        shown = [_shown(figure, row, best[figure]) for figure in FIGURES]
        name = f"**{row.engine}** (this project)" if row.is_ours else row.engine
        cells.append([name, row.precision, *shown, number(row.agreement, ".1%")])
    return Table("Summary", head, cells)


def _best(found: list[Row], figure: Figure) -> float | None:
    values = [value for row in found if (value := figure.value(row)) is not None]
    return (min if figure.is_time else max)(values, default=None)


def _shown(figure: Figure, row: Row, best: float | None) -> str:
    value = figure.value(row)
    if value is None:
        return ""
    text = f"{significant(value)} ms" if figure.is_time else f"{value:.0f} texts/s"
    return f"**{text}**" if value == best else text


def losses(results: Results) -> str:
    """Returns a sentence that names every engine that is faster than ours, with the ratio."""
    found = rows(results)
    ours = next((row for row in found if row.is_ours), None)
    if ours is None:
        return ""
    parts = []
    for figure in FIGURES:
        mine = figure.value(ours)
        if not mine:
            continue
        faster = []
        for row in found:
            value = figure.value(row)
            if row.is_ours or not value:
                continue
            times = mine / value if figure.is_time else value / mine
            if times > 1:
                faster.append(
                    (times, f"{row.engine} ({row.precision}) is {times:.2f} times as fast")
                )
        if faster:
            names = ", ".join(text for _, text in sorted(faster, reverse=True))
            parts.append(f"{figure.title}: {names}")
    if not parts:
        return "No engine is faster than this project in any column."
    return f"**Where this project loses.** {'; '.join(parts)}."
