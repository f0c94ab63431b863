"""The tables of the model families in README.md and docs/, written from what was measured.

    ./scripts/families                          write the tables from the figures on file
    ./scripts/families --check                  write nothing; 1 where a page is not up to date
    ./scripts/families --parity                 first compare every family with Hugging Face
    ./scripts/families --memory [--models A,B]  first measure servers at published size
    ./scripts/families --speed RESULTS.json...  first publish results of ./scripts/benchmark

--parity compiles every case of the tests twice, in a few minutes, and needs no PyTorch: the logits
of transformers are on file. --memory starts three servers with each model; run nothing else
meanwhile. --speed takes the results of --config families and of --config more-families together.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.machine import describe_machine
from scripts.benchmarking.paths import PUBLISHED_FAMILIES, ROOT
from scripts.benchmarking.readme import replace_part
from scripts.benchmarking.results import Results, read_results
from scripts.family_report.figures import Figures, read_figures
from scripts.family_report.tables import family_lines, memory_lines, readme_lines, speed_lines

README = ROOT / "README.md"
CHECKPOINTS = ROOT / "docs" / "checkpoints.md"
PERFORMANCE = ROOT / "docs" / "performance.md"

MEASURED_FOR_MEMORY = [
    "distilbert-multilingual-random",
    "roberta-base-random",
    "xlm-roberta-base-random",
    "deberta-v3-base-random",
    "modernbert-base-random",
]


def pages(figures: Figures, results: Results | None) -> dict[Path, str]:
    """Returns the new content of each page, their other text unchanged.

    Raises:
        BenchmarkError: A page lacks the comment lines of a part.
    """
    parts = (
        (README, "families", readme_lines(figures, results)),
        (CHECKPOINTS, "families", family_lines(figures, results)),
        (PERFORMANCE, "family memory", memory_lines(figures)),
        (PERFORMANCE, "family tables", speed_lines(results)),
    )
    found: dict[Path, str] = {}
    for page, name, lines in parts:
        text = found.get(page) or page.read_text(encoding="utf-8")
        found[page] = replace_part(text, page.name, name, lines)
    return found


def published() -> Results | None:
    """Returns the published result of the benchmark of families; None if there is none yet."""
    return read_results(PUBLISHED_FAMILIES) if PUBLISHED_FAMILIES.exists() else None


def together(parts: Sequence[Results]) -> Results:
    """Returns results of several configurations as one, with the frame of the first.

    Raises:
        BenchmarkError: They are of different machines, or numbers of threads.
    """
    first = parts[0]
    for other in parts[1:]:
        if (other.machine["cpu"], other.config["threads"]) != (
            first.machine["cpu"],
            first.config["threads"],
        ):
            raise BenchmarkError(
                f"The results are of {first.machine['cpu']} and {other.machine['cpu']}, or of "
                "different numbers of threads: measure them on one machine."
            )
    config = first.config | {"models": [name for each in parts for name in each.config["models"]]}
    return first.model_copy(
        update={
            "command": "; ".join(each.command for each in parts),
            "config": config,
            "engines": [record for each in parts for record in each.engines],
            "cells": [cell for each in parts for cell in each.cells],
            "warnings": [warning for each in parts for warning in each.warnings],
        }
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        _measure(options)
        wanted = pages(read_figures(), published())
    except BenchmarkError as error:
        print(f"families: {error}", file=sys.stderr)
        return 2
    stale = [page for page, text in wanted.items() if page.read_text(encoding="utf-8") != text]
    for page in stale:
        print(page.relative_to(ROOT))
        if not options.check:
            page.write_text(wanted[page], encoding="utf-8")
    return 1 if options.check and stale else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="families", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--parity", action="store_true", help="compare with Hugging Face")
    parser.add_argument("--memory", action="store_true", help="measure servers")
    parser.add_argument(
        "--models",
        type=lambda text: text.split(","),
        default=MEASURED_FOR_MEMORY,
        help="of --memory, with commas between (default: %(default)s)",
    )
    parser.add_argument("--speed", nargs="+", type=Path, metavar="RESULTS", default=[])
    return parser


def _measure(options: argparse.Namespace) -> None:
    figures = read_figures()
    if options.parity:
        from scripts.family_report.parity import measure_parity

        figures.parity = measure_parity()
        figures.write()
    if options.memory:
        from scripts.family_report.memory import measure_memory

        machine = describe_machine()
        figures.machine = f"{machine['cpu']}, {machine['cores']} cores"
        for name in options.models:
            figures.memory[name] = measure_memory(
                name, lambda line: print(line, file=sys.stderr, flush=True)
            )
            figures.write()  # an interrupted run loses little
    if options.speed:
        together([read_results(path) for path in options.speed]).write(PUBLISHED_FAMILIES)


if __name__ == "__main__":
    sys.exit(main())
