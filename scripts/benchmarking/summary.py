"""The summary: the main figures of each engine, and the comparisons that this project loses.

Of an engine and its variants it shows the best, figure by figure.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
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
    configured = results.config["engines"]
    records = {each.engine: each for each in results.engines if each.model == MODEL}
    found = []
    for name, record in records.items():
        table = configured.get(name, {})
        if table.get("variant_of") in records:
            continue
        variants = results.variants("engines", name)
        reason = record.unavailable
        checks = [records[each].check for each in variants if each in records]
        found.append(
            Row(
                engine=name,
                precision=record.precision if reason is None else f"not run: {reason}"[:80],
                one_text_ms=_milliseconds(results, variants),
                texts_per_second=_texts_per_second(results, variants),
                http_ms=_load(results, variants, ONE_CALLER, "p50"),
                http_texts_per_second=_load(results, variants, MANY_CALLERS, ""),
                agreement=min((each.agreement for each in checks if each), default=None),
                is_ours=table.get("module") == "max_graph",
            )
        )
    return found


def _milliseconds(results: Results, engines: Sequence[str]) -> float | None:
    return min(
        (
            cell.latency.get("p50", cell.ms.value)
            for cell in results.cells
            if (cell.model, cell.workload) == (MODEL, ONE_TEXT) and cell.engine in engines
        ),
        default=None,
    )


def _texts_per_second(results: Results, engines: Sequence[str]) -> float | None:
    return max(
        (
            cell.per_second
            for cell in results.best_cells()
            if (cell.model, cell.family) == (MODEL, CORPUS) and cell.engine in engines
        ),
        default=None,
    )


def _load(results: Results, engines: Sequence[str], load: str, percentile: str) -> float | None:
    """Returns the median over rounds of a percentile, or of texts per second.

    It is that of the best of the servers that compute with one of the engines.
    """
    servers = results.config.get("servers", {})
    rounds: dict[str, list[float]] = {}
    for each in results.loads:
        of_engine = servers.get(each.server, {}).get("engine") in engines
        if of_engine and (each.model, each.load) == (MODEL, load):
            value = each.latency[percentile] if percentile else each.texts_per_second
            rounds.setdefault(each.server, []).append(value)
    medians = [statistics.median(values) for values in rounds.values()]
    return (min if percentile else max)(medians, default=None)


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
    """Returns a sentence that names the engines that are faster than this project, by how much.

    Each of its precisions is compared with engines of the same precision, and the fastest of them
    with all engines.
    """
    found = rows(results)
    ours = [row for row in found if row.is_ours]
    if not ours:
        return ""
    parts = []
    for figure in FIGURES:
        mine = {row.precision: value for row in ours if (value := figure.value(row))}
        if not mine:
            continue
        best = (min if figure.is_time else max)(mine, key=lambda precision: mine[precision])
        faster = []
        for row in found:
            value = figure.value(row)
            if row.is_ours or not value:
                continue
            for precision in dict.fromkeys((row.precision, best)):
                if precision not in mine:
                    continue
                times = mine[precision] / value if figure.is_time else value / mine[precision]
                if times > 1:
                    name = f"{row.engine} ({row.precision})"
                    against = f" as this project in {precision}" if len(mine) > 1 else ""
                    faster.append((times, f"{name} is {times:.2f} times as fast{against}"))
        if faster:
            names = ", ".join(text for _, text in sorted(faster, reverse=True))
            parts.append(f"{figure.title}: {names}")
    if not parts:
        return "No engine is faster than this project in any column."
    return f"**Where this project loses.** {'; '.join(parts)}."
