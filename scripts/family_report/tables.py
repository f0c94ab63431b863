"""Tables of the families: what is served, how exactly, how fast, and in how much memory."""

from __future__ import annotations

from collections.abc import Sequence

from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.config import BASE_RANDOM, read_config
from scripts.benchmarking.random_models import RANDOM_MODELS
from scripts.benchmarking.report_tables import (
    Table,
    engine_table,
    latency_table,
    significant,
    time_table,
    unique,
)
from scripts.benchmarking.reports import markdown_rows, markdown_tables, provenance
from scripts.benchmarking.results import Results
from scripts.benchmarking.summary import CORPUS, ONE_TEXT
from scripts.benchmarking.targets import target_table
from scripts.family_report.figures import Figures

SUBJECT = "max"
RIVALS = ("onnxruntime-fp32", "openvino-fp32")

WRITTEN = "<!-- written by `./scripts/families` -->"
NOT_MEASURED = "Not measured yet."


def model_of(family: Family) -> str | None:
    """Returns the benchmark's name of the model of a family; None if it has none."""
    if family.model_type == "distilbert":
        return BASE_RANDOM  # whose figures the main benchmark has, too
    for name, model in RANDOM_MODELS.items():
        if model.config["architectures"] == [family.architecture]:
            return name
    return None


def short_name(family: Family) -> str:
    """Returns a family's name without what all architectures end with."""
    return family.architecture.removesuffix("ForSequenceClassification")


def times_as_fast(results: Results | None, model: str | None, workload: str) -> float | None:
    """Returns how many times as fast as the faster rival this project is; None if not measured."""
    ours = milliseconds(results, model, workload, [SUBJECT])
    theirs = milliseconds(results, model, workload, RIVALS)
    return None if ours is None or theirs is None else theirs / ours


def milliseconds(
    results: Results | None, model: str | None, workload: str, engines: Sequence[str]
) -> float | None:
    """Returns the time of a pass by the fastest of some engines; of a corpus at its best batch."""
    if results is None:
        return None
    return min(
        (
            cell.ms.value
            for cell in results.best_cells()
            if (cell.model, cell.family) == (model, workload) and cell.engine in engines
        ),
        default=None,
    )


def readme_lines(figures: Figures, results: Results | None) -> list[str]:
    """Returns the table of the README: a row for each family."""
    rows = []
    for family in FAMILIES.values():
        model = model_of(family)
        rows.append(
            [
                short_name(family),
                f"`{family.examples[0]}`" if family.examples else "",
                _difference(figures, family),
                _milliseconds(milliseconds(results, model, ONE_TEXT, [SUBJECT])),
                _times(times_as_fast(results, model, ONE_TEXT)),
                _times(times_as_fast(results, model, CORPUS)),
            ]
        )
    head = ["family", "for example", "difference", "32 tokens", "times", "times, mixed"]
    return markdown_rows(Table("Families", head, rows))


def family_lines(figures: Figures, results: Results | None) -> list[str]:
    """Returns the table of docs/checkpoints.md: all that is served of each family."""
    rows = [
        [
            f"`{family.architecture}`",
            f"`{family.model_type}`",
            family.head,
            ", ".join(family.precisions),
            _difference(figures, family),
            _cases(figures, family),
            _milliseconds(milliseconds(results, model_of(family), ONE_TEXT, [SUBJECT])),
            _times(times_as_fast(results, model_of(family), ONE_TEXT)),
            ", ".join(f"`{example}`" for example in family.examples),
        ]
        for family in FAMILIES.values()
    ]
    head = ["architecture", "`model_type`", "head", "precisions", "difference", "compared"]
    head += ["32 tokens", "times", "examples"]
    return [WRITTEN, "", *markdown_rows(Table("Families", head, rows))]


def memory_lines(figures: Figures) -> list[str]:
    """Returns the table of memory and starts, in docs/performance.md."""
    if not figures.memory:
        return [WRITTEN, "", NOT_MEASURED]
    head = ["shape", "words", "weights", "short texts", "64 texts of 512 tokens", "cold start"]
    head += ["peak of compiling", "warm start"]
    rows = [
        [
            shape_of(name),
            f"{RANDOM_MODELS[name].config['vocab_size']:,}",
            *[f"{value:,.0f} MB" for value in (found.weights_mb, found.short_mb, found.long_mb)],
            f"{found.cold_start_s:.0f} s",
            f"{found.compiling_mb:,.0f} MB",
            f"{found.warm_start_s:.1f} s",
        ]
        for name, found in figures.memory.items()
    ]
    return [WRITTEN, "", *markdown_rows(Table("Memory", head, rows)), "", figures.machine + "."]


def shape_of(name: str) -> str:
    """Returns the hub id whose shape a model of the benchmark has."""
    return f"`{RANDOM_MODELS[name].published}`"


def speed_lines(results: Results | None) -> list[str]:
    """Returns the tables of docs/performance.md: every figure of the benchmark of families."""
    if results is None:
        return [WRITTEN, "", NOT_MEASURED]
    found = [target_table(results, read_config("families").targets, measured_only=True)]
    for model in unique(cell.model for cell in results.cells):
        found += [
            time_table(results, model),
            latency_table(results, model),
            engine_table(results, model),
        ]
    return [WRITTEN, "", *provenance(results), *markdown_tables(found)]


def _difference(figures: Figures, family: Family) -> str:
    parity = figures.parity.get(family.architecture)
    return f"{max(parity.kernels, parity.operations):.0e}" if parity else ""


def _cases(figures: Figures, family: Family) -> str:
    parity = figures.parity.get(family.architecture)
    return f"{parity.cases} x {parity.texts} texts" if parity else ""


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{significant(value)} ms"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
