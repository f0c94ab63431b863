"""Figures of a server, and what a million texts cost."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.figures import figures_of
from distilbert_sentiment_arch.recommend.intervals import Window
from distilbert_sentiment_arch.recommend.request import Prices

TWO_CORES = Candidate("cpu", "float32", 2, 512)
WINDOWS = [Window(0.5, 100, [10.0] * 50)] * 8


def test_a_million_texts_in_core_hours() -> None:
    # 200 texts/s: 5000 s for a million, on two cores.
    found = figures_of(TWO_CORES, WINDOWS, 0, (), Prices())
    assert found.texts_per_second.value == 200
    assert found.cost.value == pytest.approx(2 * 5000 / 3600)


def test_prices_of_cores_memory_and_accelerators() -> None:
    prices = Prices(core=0.05, gigabyte=0.01, accelerator=3.0)
    memory = (2_000_000_000, 4_000_000_000)
    on_cpu = figures_of(TWO_CORES, WINDOWS, 0, memory, prices)
    assert on_cpu.cost.value == pytest.approx((2 * 0.05 + 4 * 0.01) * 5000 / 3600)
    on_gpu = figures_of(Candidate("gpu:0", "float32", 2, 512), WINDOWS, 0, memory, prices)
    assert on_gpu.cost.value == pytest.approx((2 * 0.05 + 4 * 0.01 + 3) * 5000 / 3600)


def test_the_fastest_is_the_cheapest() -> None:
    windows = [Window(0.5, texts, [10.0] * 50) for texts in range(90, 111)]
    found = figures_of(TWO_CORES, windows, 0, (), Prices())
    assert found.texts_per_second.high is not None
    assert found.cost.low == pytest.approx(2e6 / 3600 / found.texts_per_second.high)
    assert found.cost.high == pytest.approx(2e6 / 3600 / found.texts_per_second.low)


def test_memory_is_from_rest_to_the_most() -> None:
    found = figures_of(TWO_CORES, WINDOWS, 3, (500_000_000, 620_000_000, 600_000_000), Prices())
    assert found.memory_mb is not None
    assert (found.memory_mb.value, found.memory_mb.low, found.memory_mb.high) == (620, 500, 620)
    assert (found.requests, found.failed) == (400, 3)


@pytest.mark.parametrize("memory", [(), (0, 0)])
def test_memory_that_nobody_says(memory: tuple[int, ...]) -> None:
    assert figures_of(TWO_CORES, WINDOWS, 0, memory, Prices()).memory_mb is None
