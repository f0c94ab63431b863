"""``benchmark readme``: the README's figures, generated from a committed result.

Between two comment lines of README.md stands what this writes; a test fails when it differs.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.paths import PACKAGE, ROOT
from scripts.benchmarking.report_tables import (
    Table,
    engine_table,
    server_tables,
    short_time_table,
    unique,
)
from scripts.benchmarking.reports import markdown_tables, provenance
from scripts.benchmarking.results import Results, read_results

PUBLISHED = PACKAGE / "published.json"
README = ROOT / "docs" / "performance.md"
BEGIN = "<!-- written by `./scripts/benchmark readme` from scripts/benchmarking/published.json -->"
END = "<!-- end of figures -->"


def section(results: Results) -> str:
    """Returns what stands between the two comment lines."""
    found: list[Table] = []
    for model in unique(cell.model for cell in results.cells):
        found += [short_time_table(results, model), engine_table(results, model)]
    found += server_tables(results)
    return "\n".join([*provenance(results), *markdown_tables(found)]).rstrip() + "\n"


def with_section(text: str, results: Results) -> str:
    """Returns a README with its figures replaced.

    Raises:
        BenchmarkError: The two comment lines are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchmarkError(f"README.md has no line {BEGIN!r} with {END!r} after it.")
    return f"{before}{BEGIN}\n\n{section(results)}\n{END}{after}"


def readme_command(arguments: Sequence[str]) -> int:
    """Writes the figures; with ``--check`` only says whether they are up to date."""
    parser = argparse.ArgumentParser(prog="benchmark readme", description=__doc__)
    parser.add_argument(
        "results", nargs="?", type=Path, help="publish this result.json in place of the last one"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where it is stale")
    options = parser.parse_args(arguments)
    results = read_results(options.results or PUBLISHED)
    text = README.read_text(encoding="utf-8")
    wanted = with_section(text, results)
    if options.check:
        return int(text != wanted)
    if options.results is not None and options.results.resolve() != PUBLISHED:
        shutil.copy(options.results, PUBLISHED)
    README.write_text(wanted, encoding="utf-8")
    return 0
