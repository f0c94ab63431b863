"""Tables of `benchmark bulk`, and what a dataset takes, from figures made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.benchmarking.bulk import dataset, write_page
from scripts.benchmarking.bulk_capacity import Dataset, core_hours, nodes
from scripts.benchmarking.bulk_figures import BulkFigures, Point, lines, page
from scripts.benchmarking.cli import main

FIGURES = BulkFigures(
    created="2026-01-02T03:04:05+00:00",
    commit="abcdef0",
    command="./scripts/benchmark bulk",
    machine={"cpu": "a processor"},
    threads=2,
    model="embedded",
    rows=1000,
    tokens=40_000,
    seconds={
        "passes": [1.0, 1.1, 0.9],
        "files": [1.02, 1.12, 0.92],
        "transformers": [4.08, 4.48, 3.68],
        "onnxruntime": [1.2, 1.3, 1.1],
        "bfloat16x3": [0.6, 0.65, 0.55],
    },
    cpu_s={
        name: [2.0] * 3 for name in ("passes", "files", "transformers", "onnxruntime", "bfloat16x3")
    },
    agreement={"files": 1.0, "transformers": 0.999},
    foreign=[0.01, 0.02, 0.01],
    points=[
        Point(workers=2, cores=1, seconds=[2.5, 2.5]),
        Point(workers=1, cores=1, seconds=[2.0, 2.0]),
    ],
)


def test_ratios_are_of_the_same_round_and_held_against_the_targets() -> None:
    found = "\n".join(lines(FIGURES))
    assert "| `max-sentiment score`, Parquet to Parquet | 980 | 39216 | 2.00 | 1.00" in found
    bare = "| bare passes of the model over the same batches"
    assert f"{bare} | float32 | 0.95 | 0.98 | met |" in found
    assert "| `transformers` pipeline, best batch size | float32 | 3.00 | 4.00 | met |" in found
    assert "| ONNX Runtime float32, sorted by length | float32 | 1.50 | 1.18 | missed |" in found
    assert "| ONNX Runtime float32, sorted by length | bfloat16x3 | 1.50 | 2.00 | met |" in found
    # 40,000 tokens in 2 s, and twice as many in 2.5 s.
    assert "| 2 of 1 | 32000 | 40000 | -20.0% |" in found


def test_a_calculation_by_hand() -> None:
    million = Dataset(1e6, 36)
    assert core_hours(million, 10_000) == pytest.approx(1.0)
    # 59 of 60 minutes are left to compute.
    assert nodes(million, 10_000, 1.0, 1) == 2
    assert nodes(million, 10_000, 1.1, 1) == 1
    assert nodes(million, 1_000, 0.5, 4) == 6  # 10 / 4 / (29 / 60) = 5.17


def test_capacity_of_a_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bulk.json"
    path.write_text(FIGURES.model_dump_json(), encoding="utf-8")
    options = ["--bulk", str(path), "--rows", "1e6", "--tokens", "57.6", "--hours", "0.5"]
    assert main(["capacity", *options]) == 0
    printed = capsys.readouterr().out
    # The slower point: 16,000 tokens a second of a core; 57.6e6 / 16,000 = 3,600 s.
    assert "57.6 million tokens: 1.00 core-hours at 16000 tokens/s a core" in printed
    assert "Within 0.5 hours: 1 node of 4 cores" in printed
    assert "2 workers of 1 core: 32000 tokens/s, in proportion to one 40000 (-20.0%)" in printed
    assert main(["capacity", *options[:-1], "0.01"]) == 2
    assert "less than a node takes to start" in capsys.readouterr().err
    assert main(["capacity", "--bulk", str(tmp_path / "none"), "--rows", "1"]) == 2


def test_the_page_is_what_the_published_figures_say() -> None:
    assert write_page(check=True) == 0
    assert "Not measured yet" in page(None)
    assert page(FIGURES).startswith("# Scoring datasets, measured\n")


def test_datasets_have_every_text_of_the_corpus_before_one_comes_again() -> None:
    many, few = dataset(1500), dataset(100)
    assert (len(many), len(few), len(set(few))) == (1500, 100, 100)
    assert dataset(1500) == many
