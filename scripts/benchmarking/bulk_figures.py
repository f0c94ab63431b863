"""Figures of ``benchmark bulk``, their file, and the page that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from scripts.benchmarking.paths import PACKAGE, ROOT
from scripts.benchmarking.report_tables import Table
from scripts.benchmarking.reports import markdown_tables
from scripts.benchmarking.statistics import Bootstrap

PUBLISHED = PACKAGE / "published_bulk.json"
PAGE = ROOT / "docs" / "scoring-measured.md"

BOUND, OURS, SPLIT = "passes", "files", "bfloat16x3"

NAMES = {
    "passes": "bare passes of the model over the same batches",
    "files": "`max-sentiment score`, Parquet to Parquet",
    "bfloat16x3": "the same in bfloat16x3",
    "scorer": "its scorer alone, lists to columns",
    "transformers": "`transformers` pipeline, best batch size",
    "transformers-sorted": "`transformers` pipeline, texts sorted by length",
    "onnxruntime": "ONNX Runtime float32, sorted by length",
}
"""What is measured, by name, in the order of the table."""

TARGETS = (
    (OURS, BOUND, 0.95),
    (OURS, "transformers", 3.0),
    (OURS, "onnxruntime", 1.5),
    (SPLIT, "transformers", 3.0),
    (SPLIT, "onnxruntime", 1.5),
)
"""Our way, another, and how many times as fast as that it has to be."""


class Point(BaseModel):
    """Workers beside each other on one machine, each with a dataset and cores of its own.

    Attributes:
        workers: How many.
        cores: Cores of each.
        seconds: Seconds of each round, from the start of all to the end of the last.
    """

    model_config = ConfigDict(extra="forbid")

    workers: int
    cores: int
    seconds: list[float]


class BulkFigures(BaseModel):
    """What was measured.

    Attributes:
        created: When, UTC.
        commit: Of this repository.
        command: The command line.
        machine: The machine.
        threads: Cores of each way.
        model: Name of the checkpoint.
        rows: Texts.
        tokens: Tokens of all texts that are read, as this project's tokenizer makes them.
        seconds: By way, the seconds of each round.
        cpu_s: By way, the processor seconds of each round.
        agreement: By way, the share of texts that it labels as this project does.
        settings: By worker, what it chose.
        unavailable: By worker, why it was not measured.
        foreign: Share of the processors that others used, in each round.
        points: One worker, and several, from Parquet to Parquet; each scores all rows.
    """

    model_config = ConfigDict(extra="forbid")

    created: str
    commit: str
    command: str
    machine: dict[str, Any]
    threads: int
    model: str
    rows: int
    tokens: int
    seconds: dict[str, list[float]] = {}
    cpu_s: dict[str, list[float]] = {}
    agreement: dict[str, float] = {}
    settings: dict[str, dict[str, Any]] = {}
    unavailable: dict[str, str] = {}
    foreign: list[float] = []
    points: list[Point] = []


def tables(figures: BulkFigures) -> list[Table]:
    """Returns the speeds, and how they compare with the targets."""
    bootstrap = Bootstrap()
    ways = [name for name in NAMES if name in figures.seconds]
    rows = []
    for name in ways:
        seconds = figures.seconds[name]
        median = bootstrap.median(seconds).value
        cpu = bootstrap.median(figures.cpu_s[name]).value
        ratio = bootstrap.ratio(seconds, figures.seconds[OURS])
        rows.append(
            [
                NAMES[name],
                f"{figures.rows / median:.0f}",
                f"{figures.tokens / median:.0f}",
                f"{cpu / figures.rows * 1000:.2f}",
                f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})",
                f"{figures.agreement[name]:.2%}" if name in figures.agreement else "",
            ]
        )
    head = ["", "rows/s", "tokens/s", "CPU ms a row", "its time / ours", "same labels"]
    speeds = Table(f"{figures.model}, {figures.rows} texts, {figures.threads} cores", head, rows)
    reached = []
    for ours, theirs, times in TARGETS:
        if not {ours, theirs} <= figures.seconds.keys():
            continue
        ratio = bootstrap.ratio(figures.seconds[theirs], figures.seconds[ours])
        verdict = "met" if ratio.value >= times else "missed"
        precision = SPLIT if ours == SPLIT else "float32"
        reached.append([NAMES[theirs], precision, f"{times:.2f}", f"{ratio.value:.2f}", verdict])
    targets = Table("Targets", ["as fast as", "ours in", "at least", "measured", ""], reached)
    return [speeds, targets]


def lines(figures: BulkFigures) -> list[str]:
    """Returns the figures as lines of Markdown."""
    machine = figures.machine
    found = [
        f"Measured {figures.created}, commit {figures.commit}, with `{figures.command}` on "
        f"{machine.get('cpu', 'an unknown processor')}, {figures.threads} cores. "
        f"{figures.rows} texts, {figures.tokens / figures.rows:.0f} tokens each on average, "
        f"{len(figures.foreign)} rounds in which all ways take turns; medians, and intervals of "
        "95%.",
        "",
        *markdown_tables(tables(figures)),
    ]
    for name, settings in figures.settings.items():
        said = ", ".join(f"{key} {value}" for key, value in settings.items())
        found.append(f"- {name}: {said}.")
    for name, why in figures.unavailable.items():
        found.append(f"- {name} was not measured: {why}.")
    if figures.points:
        found += ["", *scaling_lines(figures)]
    if figures.foreign and max(figures.foreign) > 0.1:
        found.append(
            f"- The machine was not quiet: others used up to {max(figures.foreign):.0%} of its "
            "processors. Trust ratios, not times."
        )
    return found


def scaling_lines(figures: BulkFigures) -> list[str]:
    """Returns what workers beside each other do, as lines of Markdown."""
    from scripts.benchmarking.bulk_capacity import checks

    rows = [
        [
            f"{check.workers} of {check.cores}",
            f"{check.measured:.0f}",
            f"{check.predicted:.0f}",
            f"{check.measured / check.predicted - 1:+.1%}",
        ]
        for check in checks(figures)
    ]
    head = ["workers of cores", "tokens/s", "in proportion to one", "difference"]
    return markdown_tables([Table("Workers beside each other on one machine", head, rows)])


HEAD = """\
# Scoring datasets, measured

This page shows how fast `max-sentiment score` is beside what its model allows, and beside what else
one would run over a folder of texts. `./scripts/benchmark bulk --publish` writes it. Loading the
model is not part of any time; reading, tokenizing and writing are, of `max-sentiment score`;
tokenizing and labels, of the others.
"""


def page(figures: BulkFigures | None) -> str:
    """Returns the page; without figures it says so."""
    if figures is None:
        return HEAD + "\nNot measured yet.\n"
    return "\n".join([HEAD, *lines(figures)]).rstrip() + "\n"


def read_figures(path: Path) -> BulkFigures | None:
    """Returns the figures of a file; None where there is none."""
    if not path.exists():
        return None
    return BulkFigures.model_validate_json(path.read_text(encoding="utf-8"))
