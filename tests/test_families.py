"""`./scripts/families`: the tables of the families, from what was measured."""

from __future__ import annotations

import pytest
from made_up_results import cell, made_up

from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.results import Results
from scripts.families import main, pages, published, together
from scripts.family_report.figures import Figures, Memory, Parity, read_figures
from scripts.family_report.tables import (
    family_lines,
    memory_lines,
    model_of,
    readme_lines,
    speed_lines,
)

BERT = FAMILIES["BertForSequenceClassification"]


def measured(model: str, **milliseconds: float) -> Results:
    """Returns a result with an engine for each keyword, at one text of 32 tokens."""
    cells = [
        cell(name.replace("_", "-"), ms, 1.0, "1x32").model_copy(update={"model": model})
        for name, ms in milliseconds.items()
    ]
    return made_up().model_copy(update={"cells": cells, "engines": []})


def test_the_pages_are_up_to_date() -> None:
    for page, text in pages(read_figures(), published()).items():
        assert page.read_text(encoding="utf-8") == text, f"{page.name}: run ./scripts/families"
    assert main(["--check"]) == 0


def test_every_family_has_a_model_of_published_size() -> None:
    assert [family.architecture for family in FAMILIES.values() if model_of(family) is None] == []


def test_a_row_has_what_was_measured_of_its_family() -> None:
    figures = Figures(
        parity={BERT.architecture: Parity(cases=3, texts=60, kernels=2e-6, operations=4e-6)}
    )
    results = measured(model_of(BERT) or "", max=10, onnxruntime_fp32=15, openvino_fp32=13)
    for lines in (readme_lines(figures, results), family_lines(figures, results)):
        (row,) = [line for line in lines if BERT.examples[0] in line]
        cells = [each.strip() for each in row.split("|")]
        assert {"4e-06", "10 ms", "1.30"} <= set(cells)
        # The other families were not measured, and no figure is made up for them.
        others = [line for line in lines if " ms |" in line and BERT.examples[0] not in line]
        assert others == []
    (row,) = [line for line in family_lines(figures, results) if BERT.examples[0] in line]
    assert "| 3 x 60 texts |" in row


def test_times_are_of_the_faster_rival_and_absent_without_one() -> None:
    results = measured(model_of(BERT) or "", max=10)
    (row,) = [line for line in readme_lines(Figures(), results) if BERT.examples[0] in line]
    assert [each.strip() for each in row.split("|")][4:-1] == ["10 ms", "", ""]


def test_memory_has_a_row_for_each_shape() -> None:
    memory = Memory(
        weights_mb=1112,
        cold_start_s=61.2,
        compiling_mb=4000,
        warm_start_s=12.3,
        short_mb=2345,
        long_mb=2500,
    )
    figures = Figures(memory={"xlm-roberta-base-random": memory}, machine="A CPU, 2 cores")
    lines = memory_lines(figures)
    assert (
        "| `FacebookAI/xlm-roberta-base` | 250,002 | 1,112 MB | 2,345 MB | 2,500 MB | 61 s | "
        "4,000 MB | 12.3 s |"
    ) in lines
    assert lines[-1] == "A CPU, 2 cores."


def test_the_tables_have_every_engine_of_every_model() -> None:
    text = "\n".join(speed_lines(measured("roberta-base-random", max=10, onnxruntime_fp32=15)))
    assert "**Latency of a pass, roberta-base-random**" in text
    assert "| 1x32 | onnxruntime-fp32 |" in text
    assert "families at published size, beside ONNX Runtime | roberta-base-random | 1x32 |" in text


def test_results_of_one_machine_are_put_together_and_of_two_are_not() -> None:
    first, second = measured("a", max=1), measured("b", max=2)
    both = together([first, second])
    assert [each.model for each in both.cells] == ["a", "b"]
    assert both.config["models"] == [*first.config["models"], *second.config["models"]]
    other = second.model_copy(update={"machine": second.machine | {"cpu": "Another"}})
    with pytest.raises(BenchmarkError, match="measure them on one machine"):
        together([first, other])
