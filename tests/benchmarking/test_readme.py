"""The README's figures are those of the committed result."""

from __future__ import annotations

import pytest
from made_up_results import made_up

from scripts.benchmarking.config import read_config
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.readme import BEGIN, END, PUBLISHED, README, section, with_section
from scripts.benchmarking.results import read_results


def test_the_readme_is_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_section(text, read_results(PUBLISHED)), "run ./scripts/benchmark readme"


def test_what_is_published_is_what_this_project_holds_itself_to() -> None:
    published, wanted = read_results(PUBLISHED), read_config("targets")
    assert {(cell.engine, cell.model) for cell in published.cells} == {
        (engine, model) for engine in wanted.engines for model in wanted.models
    }
    assert {load.server for load in published.loads} == set(wanted.servers)


def test_only_what_stands_between_the_lines_is_replaced() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    replaced = with_section(text, made_up())
    assert replaced == f"before\n{BEGIN}\n\n{section(made_up())}\n{END}\nafter\n"
    assert with_section(replaced, made_up()) == replaced
    assert "12.5 (x1.25)" in replaced
    with pytest.raises(BenchmarkError, match=r"README\.md has no line"):
        with_section("nothing", made_up())
