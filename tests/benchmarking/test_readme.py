"""The README's figures are those of the committed result."""

from __future__ import annotations

import pytest
from made_up_results import made_up

from benchmarking.errors import BenchmarkError
from benchmarking.readme import BEGIN, END, PUBLISHED, README, section, with_section
from benchmarking.results import read_results


def test_the_readme_is_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_section(text, read_results(PUBLISHED)), "run ./scripts/benchmark readme"


def test_what_is_published_was_measured_on_every_engine_of_quick() -> None:
    engines = {record.engine for record in read_results(PUBLISHED).engines}
    assert {"max", "onnxruntime-fp32", "onnxruntime-int8", "openvino-fp32"} <= engines


def test_only_what_stands_between_the_lines_is_replaced() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    replaced = with_section(text, made_up())
    assert replaced == f"before\n{BEGIN}\n\n{section(made_up())}\n{END}\nafter\n"
    assert with_section(replaced, made_up()) == replaced
    assert "12.5 (x1.25)" in replaced
    with pytest.raises(BenchmarkError, match=r"README\.md has no line"):
        with_section("nothing", made_up())
