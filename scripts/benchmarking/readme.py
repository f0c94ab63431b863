"""``benchmark readme``: writes the figures of the published result into README.md and docs/.

Each part stands between two comment lines of a page; a test fails where a page differs. The plot is
a file of its own.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarking.capacity import capacity_lines
from scripts.benchmarking.comparison_plot import comparison_svg
from scripts.benchmarking.config import read_config
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.paths import PUBLISHED, ROOT
from scripts.benchmarking.report_tables import (
    Table,
    engine_table,
    latency_table,
    server_tables,
    time_table,
    unique,
)
from scripts.benchmarking.reports import markdown_rows, markdown_tables, provenance
from scripts.benchmarking.results import Results, read_results
from scripts.benchmarking.summary import losses, summary_table
from scripts.benchmarking.targets import target_table

PLOT = ROOT / "docs" / "comparison.svg"


@dataclass(frozen=True)
class Part:
    """The part of a page that shows figures of the result.

    Attributes:
        page: The page.
        name: Name in its two comment lines.
        lines: Returns the lines between them.
    """

    page: Path
    name: str
    lines: Callable[[Results], Sequence[str]]

    def within(self, text: str, results: Results) -> str:
        """Returns the text of a page with this part replaced.

        Raises:
            BenchmarkError: The two comment lines are missing.
        """
        return replace_part(text, self.page.name, self.name, self.lines(results))


def replace_part(text: str, page: str, name: str, lines: Sequence[str]) -> str:
    """Returns the text of a page with other lines between two of its comment lines.

    Args:
        text: The page.
        page: Its name, for messages.
        name: Name in the two comment lines.
        lines: What is to stand between them.

    Raises:
        BenchmarkError: The two comment lines are missing.
    """
    begin, end = (f"<!-- benchmark: {name} {which} -->" for which in ("begin", "end"))
    before, has_begin, rest = text.partition(begin)
    _, has_end, after = rest.partition(end)
    if not has_begin or not has_end:
        raise BenchmarkError(f"{page} has no line {begin!r} with {end!r} after it.")
    inner = "\n".join(lines).strip()
    return f"{before}{begin}\n{inner}\n{end}{after}"


def summary_lines(results: Results) -> list[str]:
    """Returns the table, the plot and the losses of the README."""
    machine = results.machine
    return [
        *markdown_rows(summary_table(results)),
        "",
        "![The same figures as bars](docs/comparison.svg)",
        "",
        losses(results),
        "",
        f"{machine['cpu']}, {results.config['threads']} threads, "
        f"{results.created[:10]}: medians, the same tokens and threads for all; `labels` is the "
        "share equal to a float64 reference's. HTTP servers other than this project's are FastAPI "
        "with dynamic batching.",
    ]


def table_lines(results: Results) -> list[str]:
    """Returns all tables of docs/performance.md."""
    found: list[Table] = []
    for model in unique(cell.model for cell in results.cells):
        found += [
            time_table(results, model),
            latency_table(results, model),
            engine_table(results, model),
        ]
    found += server_tables(results)
    measured = target_table(results, read_config("targets").targets, measured_only=True)
    if measured.rows:
        found.insert(0, measured)
    written = (
        "<!-- written by `./scripts/benchmark readme` from scripts/benchmarking/published.json -->"
    )
    return [written, "", *provenance(results), *markdown_tables(found)]


PARTS = (
    Part(ROOT / "README.md", "summary", summary_lines),
    Part(ROOT / "docs" / "performance.md", "tables", table_lines),
    Part(ROOT / "docs" / "deploying.md", "capacity", capacity_lines),
)


def pages(results: Results) -> dict[Path, str]:
    """Returns the new content of each file, the pages with their other text unchanged.

    Raises:
        BenchmarkError: A page lacks the comment lines of its part.
    """
    found = {part.page: part.within(part.page.read_text("utf-8"), results) for part in PARTS}
    return found | {PLOT: comparison_svg(results)}


def readme_command(arguments: Sequence[str]) -> int:
    """Writes the pages; with ``--check`` only reports those that are not up to date."""
    parser = argparse.ArgumentParser(prog="benchmark readme", description=__doc__)
    parser.add_argument(
        "results", nargs="?", type=Path, help="publish this results.json in place of the last one"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where one is stale")
    options = parser.parse_args(arguments)
    wanted = pages(read_results(options.results or PUBLISHED))
    stale = [
        page
        for page, text in wanted.items()
        if not page.exists() or page.read_text(encoding="utf-8") != text
    ]
    for page in stale:
        print(page.relative_to(ROOT))
    if options.check:
        return 1 if stale else 0
    if options.results is not None and options.results.resolve() != PUBLISHED:
        shutil.copy(options.results, PUBLISHED)
    for page in stale:
        page.write_text(wanted[page], encoding="utf-8")
    return 0
