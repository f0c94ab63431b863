"""Reports of a result: JSON, CSV, Markdown and console."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from made_up_results import load, made_up
from rich.console import Console

from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.reports import print_report, write_reports
from scripts.benchmarking.results import read_results

BOTH = (("max-serve", 8.0), ("theirs", 16.0))


def test_json_comes_back_as_it_was(tmp_path: Path) -> None:
    results = made_up()
    written = write_reports(results, tmp_path / "out")
    assert [path.name for path in written] == [
        "results.json",
        "results.csv",
        "results.md",
        "loads.csv",
    ]
    assert read_results(written[0]) == results


def test_csv_has_a_line_for_each_cell_and_each_load(tmp_path: Path) -> None:
    results = made_up()
    write_reports(results, tmp_path)
    with (tmp_path / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["workload"] for row in rows] == ["8x32", "8x32", "mixed@1", "mixed@8"]
    assert float(rows[0]["ratio"]) == 1.25
    assert float(rows[0]["of_possible"]) == 0.5
    assert float(rows[0]["sequences_per_second"]) == pytest.approx(8 / 0.0125)
    with (tmp_path / "loads.csv").open() as file:
        (load,) = csv.DictReader(file)
    assert (load["errors"], load["p99_ms"]) == ("2", "24.0")


def test_markdown_and_console_say_the_same(tmp_path: Path) -> None:
    write_reports(made_up(), tmp_path)
    markdown = (tmp_path / "results.md").read_text()
    console = Console(file=io.StringIO(), width=400)
    print_report(made_up(), console)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    for text in (
        "12.5 [12.2, 12.8] x1.25 [1.23, 1.27]",
        "40 [39.2, 40.8] x0.40 [0.39, 0.41], batch 8: 200/s",  # only the best batch size
        "50% of 6.25 ms",
        "not run: no wheel",
        "Noisy machine: made up.",
        "0.875",
        "9.000",
    ):
        assert text in markdown
        assert text in printed
    assert "batch 1: " not in markdown
    # A vertical bar inside a cell would end it.
    assert all(
        line.count("|") == 6 for line in markdown.splitlines() if line.startswith("| absent")
    )


def test_a_file_that_is_no_result_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text('{"schema_version": 1}')
    with pytest.raises(BenchmarkError, match=r"results\.json is no result of version 1: created"):
        read_results(path)
    with pytest.raises(BenchmarkError, match="cannot be read"):
        read_results(tmp_path / "none.json")


def test_targets_have_their_verdict_in_every_report(tmp_path: Path) -> None:
    results = made_up()
    results.config["targets"] = [
        {"what": "as fast", "figure": "pass", "subject": "ours", "against": "theirs"}
        | {"workloads": ["8x32"], "times": 1.0}
    ]
    write_reports(results, tmp_path)
    markdown = (tmp_path / "results.md").read_text()
    assert "**Targets: 0 of 1 met**" in markdown
    row = "| as fast | embedded | 8x32 | 12.5 ms | 10 ms, theirs | 0.80 [0.80, 0.80] | 1 | missed |"
    assert row in markdown


def test_throughput_of_servers_is_paired_by_round(tmp_path: Path) -> None:
    results = made_up()
    results.config["server_baseline"] = "theirs"
    results.loads = [load(server, p50, number) for server, p50 in BOTH for number in range(3)]
    write_reports(results, tmp_path)
    markdown = (tmp_path / "results.md").read_text()
    assert "x theirs" in markdown
    # 10, 11 and 12 texts a second over 5, 6 and 7.
    assert "| 1.83 [1.71, 2.00] |" in markdown
    assert "| 1.00 [1.00, 1.00] |" in markdown
    # Medians over the rounds with their intervals: p50 is 8 ms in all of them.
    assert "| max-serve | 8 [8, 8] |" in markdown
    assert "| 11 [10, 12] |" in markdown
