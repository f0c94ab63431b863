"""The figures in README and docs: those of the committed result."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_up_results import made_up

from scripts.benchmarking.config import read_config
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.paths import PUBLISHED
from scripts.benchmarking.readme import PARTS, Part, pages, summary_lines, table_lines
from scripts.benchmarking.results import read_results

REMEDY = "run ./scripts/benchmark readme"


def test_the_pages_are_up_to_date() -> None:
    for page, text in pages(read_results(PUBLISHED)).items():
        assert page.read_text(encoding="utf-8") == text, f"{page.name}: {REMEDY}"


def test_the_published_result_has_the_engines_of_its_configuration() -> None:
    published, wanted = read_results(PUBLISHED), read_config("published")
    remedy = "run ./scripts/benchmark --config published and ./scripts/benchmark readme"
    assert {(each.engine, each.model) for each in published.engines} == {
        (engine, model) for engine in wanted.engines for model in wanted.models
    }, remedy
    assert {each.server for each in published.servers} == set(wanted.servers), remedy


def test_only_the_text_between_the_marker_lines_is_replaced(tmp_path: Path) -> None:
    part = Part(tmp_path / "page.md", "figures", lambda results: ["", results.commit, ""])
    begin, end = "<!-- benchmark: figures begin -->", "<!-- benchmark: figures end -->"
    text = f"before\n{begin}\nold\n{end}\nafter\n"
    replaced = part.within(text, made_up())
    assert replaced == f"before\n{begin}\nabcdef0\n{end}\nafter\n"
    assert part.within(replaced, made_up()) == replaced
    with pytest.raises(BenchmarkError, match=r"page\.md has no line '<!-- benchmark: figures beg"):
        part.within("nothing", made_up())


def test_the_readme_names_the_machine_and_shows_the_plot() -> None:
    text = "\n".join(summary_lines(made_up()))
    assert "A CPU, 2 threads, 2026-11-20" in text
    assert "abcdef0" not in text
    assert "](docs/comparison.svg)" in text


def test_the_tables_have_every_engine_and_every_load() -> None:
    text = "\n".join(table_lines(made_up()))
    assert "| absent | not run: no wheel / for this CPU |" in text
    assert "**Latency of a pass, embedded**" in text
    assert "**Load, embedded: closed 4**" in text


def test_each_part_has_its_own_page() -> None:
    assert len({part.page for part in PARTS}) == len(PARTS)
