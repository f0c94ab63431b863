"""`benchmark recommend`: the comparison of a prediction with what was measured."""

from __future__ import annotations

import json

import pytest
from made_recommendations import recommendation

from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.report import as_json
from scripts.benchmarking.recommended import compared, table

MADE = json.loads(as_json(recommendation(Candidate("cpu", "int8", 2, 2048), 2)))
MEASURED = {"texts_per_second": 280.0, "p50_ms": 41.26, "p99_ms": 102.0, "memory_mb": 500.0}


def test_a_ratio_within_the_target() -> None:
    found = {each.figure: each for each in compared(MADE, MEASURED)}
    assert found["texts_per_second"].ratio == pytest.approx(280 / 312.4)
    assert found["texts_per_second"].holds
    assert found["p50_ms"].ratio == 1
    assert not found["p99_ms"].holds


def test_the_table() -> None:
    lines = table(compared(MADE, MEASURED))
    assert lines[2] == "| throughput | texts/s | 312.4 | 301.2 to 320.9 | 280 | 0.90 | yes |"
    assert lines[4] == "| throughput | p99 ms | 88.1 | 80.2 to unknown | 102 | 1.16 | no |"
    assert len({line.count("|") for line in lines}) == 1


def test_figures_that_are_missing_are_left_out() -> None:
    made = {**MADE, "figures": {**MADE["figures"], "memory_mb": None}}
    assert [each.figure for each in compared(made, MEASURED)] == [
        *("texts_per_second", "p50_ms", "p99_ms")
    ]
