"""Findings about memory: against what a server takes, warm or compiling."""

from __future__ import annotations

from dataclasses import replace

import pytest
from doctor_answers import MODEL, examined_with, failed

from distilbert_sentiment_arch.doctor.checks import memory
from distilbert_sentiment_arch.doctor.checks.memory import check_memory, needs_of
from distilbert_sentiment_arch.doctor.examined import Examined, ExamineOptions
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.machine.memory import Memory
from scripts.family_report.figures import read_figures

GB = 10**9


def found(monkeypatch: pytest.MonkeyPatch, here: Memory, examined: Examined) -> dict[str, Finding]:
    monkeypatch.setattr(memory, "read_memory", lambda: here)
    return {each.name.partition(".")[2]: each for each in check_memory(examined)}


@pytest.mark.parametrize(
    ("limit", "compiled", "level"),
    [
        (0.5, True, "unfit"),
        (0.5, False, "unfit"),
        (1.5, True, "warning"),
        (1.5, False, "unfit"),
        (2.0, True, "ok"),
        (2.0, False, "ok"),
    ],
)
def test_a_limit_below_what_the_next_start_takes(
    monkeypatch: pytest.MonkeyPatch, limit: float, compiled: bool, level: str
) -> None:
    here = Memory(16 * GB, 8 * GB, cgroup=int(limit * GB))
    examined = examined_with(warmth={"compiled": compiled})
    finding = found(monkeypatch, here, examined)["limit"]
    assert finding.level == level
    assert "cgroup" in finding.found
    assert ("1.8 GB" in finding.remedy) == (level != "ok")


def test_without_a_cgroup_the_machine_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = found(monkeypatch, Memory(GB // 2), examined_with())["limit"]
    assert finding.level == "unfit"
    assert finding.found == "500 MB (physical)"
    assert "cgroup" not in finding.remedy


def test_memory_that_others_hold_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    there = found(monkeypatch, Memory(16 * GB, available=GB // 2), examined_with())
    assert (there["limit"].level, there["available"].level) == ("ok", "warning")


@pytest.mark.parametrize(("imported", "level"), [(True, "warning"), (False, "unfit")])
def test_a_limit_on_addresses(monkeypatch: pytest.MonkeyPatch, imported: bool, level: str) -> None:
    here = Memory(16 * GB, 8 * GB, address_space=4 * GB)
    examined = examined_with() if imported else examined_with(max=failed())
    assert found(monkeypatch, here, examined)["address_space"].level == level


def test_estimates_for_larger_models_agree_with_what_was_measured() -> None:
    """docs/deploying.md: DistilBERT takes 1.35 GB at its peak, and 2.16 while it compiles."""
    options = ExamineOptions(model="/models/distilbert")
    model = replace(MODEL, float32_bytes=4 * 66_955_010)
    needs = needs_of(examined_with(options, model=model))
    assert needs.serving == pytest.approx(1.35e9, rel=0.1)
    assert needs.compiling == pytest.approx(2.16e9, rel=0.1)
    assert not needs.known
    assert needs_of(examined_with()).known


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("distilbert-multilingual-random", 541e6),
        ("roberta-base-random", 960e6),
        ("xlm-roberta-base-random", 1112e6),
        ("deberta-v3-base-random", 809e6),
        ("modernbert-base-random", 603e6),
    ],
)
def test_estimates_by_the_layout_of_the_kernels_hold(name: str, weights: float) -> None:
    """docs/performance.md, memory and starts of families; few of their words were looked up."""
    measured = read_figures().memory[name]
    serving = measured.long_mb * 1e6
    options = ExamineOptions(model="/models/base")
    needs = needs_of(
        examined_with(
            options,
            model=replace(MODEL, float32_bytes=int(measured.weights_mb * 1e6)),
            warmth={"weights_bytes": int(weights)},
        )
    )
    assert serving <= needs.serving <= 1.6 * serving
    assert needs.compiling == pytest.approx(measured.compiling_mb * 1e6, rel=0.1)


def test_an_estimate_makes_nothing_unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ExamineOptions(model="/models/large")
    examined = examined_with(options, model=replace(MODEL, float32_bytes=2 * GB))
    here = Memory(16 * GB, 8 * GB, cgroup=3 * GB)
    finding = found(monkeypatch, here, examined)["limit"]
    assert finding.level == "warning"
    assert "about" in finding.meaning
