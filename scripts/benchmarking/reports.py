"""Writes a result to the console and to files: JSON, CSV and Markdown."""

from __future__ import annotations

import csv
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from scripts.benchmarking.config import TargetConfig
from scripts.benchmarking.latency import QUANTILES
from scripts.benchmarking.report_tables import (
    Table,
    engine_table,
    latency_table,
    possible_table,
    profile_table,
    server_tables,
    time_table,
    unique,
)
from scripts.benchmarking.results import Results
from scripts.benchmarking.targets import target_table

CSV_HEAD = (
    "model engine workload family batch sequences tokens ms ms_low ms_high ratio ratio_low "
    "ratio_high floor_ms of_possible sequences_per_second cpu_ms passes p50_ms p90_ms p95_ms "
    "p99_ms max_ms"
).split()


def tables(results: Results) -> list[Table]:
    """Returns every table for which a result has figures."""
    found = []
    for model in unique(record.model for record in results.engines):
        found.append(engine_table(results, model))
        if any(cell.model == model for cell in results.cells):
            found.append(time_table(results, model))
            found.append(latency_table(results, model))
            found.append(possible_table(results, model))
    found += server_tables(results)
    found += [profile_table(profile) for profile in results.profiles]
    targets = [TargetConfig.model_validate(each) for each in results.config.get("targets", [])]
    if targets:
        found.append(target_table(results, targets))
    return found


def write_reports(results: Results, directory: Path) -> list[Path]:
    """Writes ``results.json``, ``results.csv``, ``loads.csv`` and ``results.md``.

    Returns:
        The files written; ``loads.csv`` only if servers were measured.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = [directory / "results.json", directory / "results.csv", directory / "results.md"]
    results.write(written[0])
    write_cells(results, written[1])
    written[2].write_text(markdown(results), encoding="utf-8")
    if results.loads:
        written.append(directory / "loads.csv")
        write_loads(results, written[-1])
    return written


def write_cells(results: Results, path: Path) -> None:
    """Writes a line for each engine at each workload."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_HEAD)
        for cell in results.cells:
            ratio = cell.ratio
            cpu = sorted(turn.cpu_ms for turn in cell.turns)[len(cell.turns) // 2]
            writer.writerow(
                [cell.model, cell.engine, cell.workload, cell.family, cell.batch, cell.sequences]
                + [cell.tokens, cell.ms.value, cell.ms.low, cell.ms.high]
                + ([ratio.value, ratio.low, ratio.high] if ratio else ["", "", ""])
                + [cell.floor_ms, cell.of_possible, cell.per_second, cpu, cell.passes]
                + [cell.latency.get(each, "") for each in QUANTILES]
            )


def write_loads(results: Results, path: Path) -> None:
    """Writes a line for each server under each load in each round."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            "model server load round seconds answered errors p50_ms p90_ms p95_ms p99_ms max_ms "
            "corrected_p50_ms corrected_p90_ms corrected_p95_ms corrected_p99_ms corrected_max_ms "
            "texts_per_second cpu_ms generator_cpu foreign".split()
        )
        for load in results.loads:
            writer.writerow(
                [load.model, load.server, load.load, load.round, load.seconds, load.answered]
                + [sum(load.errors.values())]
                + [load.latency.get(each, "") for each in QUANTILES]
                + [load.corrected.get(each, "") for each in QUANTILES]
                + [load.texts_per_second, load.cpu_ms, load.generator_cpu, load.foreign]
            )


def markdown(results: Results) -> str:
    """Returns the whole result as Markdown."""
    return "\n".join(["# Benchmark", "", *provenance(results), *markdown_tables(tables(results))])


def provenance(results: Results) -> list[str]:
    """Returns lines that name date, machine, commit and command of the run."""
    machine = results.machine
    lines = [
        f"`{results.command}` on {results.created[:10]}, commit `{results.commit}`: "
        f"{machine['cpu']}, {results.config['threads']} threads of {machine['cores']} cores, "
        f"{machine['memory_gb']:.0f} GB, {', '.join(machine['flags'])}"
        f"{', virtual machine' if machine['virtualised'] else ''}; {machine['system']}.",
        "",
    ]
    if results.peaks:
        products = "; ".join(
            f"{precision} {max(libraries.values()):.0f} GOP/s"
            for precision, libraries in results.peaks["products_gflops"].items()
            if libraries
        )
        lines += [f"Measured peak of products: {products}.", ""]
    for warning in results.warnings:
        lines += [f"**{warning}**", ""]
    return lines


def markdown_tables(found: list[Table]) -> list[str]:
    """Returns tables as lines of Markdown."""
    lines = []
    for table in found:
        lines += [f"**{table.title}**", "", *markdown_rows(table), ""]
    return lines


def markdown_rows(table: Table) -> list[str]:
    """Returns a table as lines of Markdown, without its title."""
    return [
        f"| {' | '.join(table.head)} |",
        "|" + "---|" * len(table.head),
        *[f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in table.rows],
    ]


def print_report(results: Results, console: Console) -> None:
    """Prints every table."""
    for line in provenance(results):
        console.print(line, markup=False, highlight=False)
    for table in tables(results):
        rich = RichTable(title=table.title, title_justify="left")
        for index, name in enumerate(table.head):
            rich.add_column(name, justify="right" if index else "left", overflow="fold")
        for row in table.rows:
            rich.add_row(*row)
        console.print(rich)
