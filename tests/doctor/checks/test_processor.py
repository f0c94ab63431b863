"""Findings about processors, from excerpts of /proc/cpuinfo."""

from __future__ import annotations

import signal

import pytest
from doctor_answers import examined_with, failed
from processor_excerpts import NEHALEM, SAPPHIRE_RAPIDS, ZEN_4, x86

from distilbert_sentiment_arch.doctor.checks import processor
from distilbert_sentiment_arch.doctor.checks.processor import X86_64_V3, check_processor
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.machine.processor import Features, read_features, read_processor

HASWELL = x86("Core i7-4770", *X86_64_V3)


@pytest.fixture(autouse=True)
def _of_intel_and_amd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")


def found(
    monkeypatch: pytest.MonkeyPatch, cpuinfo: str, examined: Examined | None = None
) -> dict[str, Finding]:
    monkeypatch.setattr(processor, "read_features", lambda: read_features(cpuinfo))
    monkeypatch.setattr(processor, "read_processor", lambda: read_processor(cpuinfo))
    checked = check_processor(examined or examined_with())
    return {each.name.partition(".")[2]: each for each in checked}


def test_units_are_named_with_what_they_make_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    there = found(monkeypatch, ZEN_4)
    assert there["name"].found.startswith("AMD EPYC 9454")
    assert there["vectors"].found == "avx2, avx512f"
    assert there["precisions"].found == "int8 (avx512_vnni), bfloat16 (avx512_bf16)"
    assert "amx" not in there


def test_a_processor_without_them_computes_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    there = found(monkeypatch, HASWELL)
    assert {each.level for each in there.values()} == {"ok"}
    assert there["precisions"].found == "float32"


def test_units_of_x86_64_v3_that_are_not_named_are_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = found(monkeypatch, NEHALEM)["vectors"]
    assert finding.level == "warning"
    assert "avx2" in finding.meaning


def test_max_that_ends_with_an_illegal_instruction_is_unfit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examined = examined_with(max=failed(status=-signal.SIGILL))
    finding = found(monkeypatch, NEHALEM, examined)["vectors"]
    assert finding.level == "unfit"
    assert "AVX2" in finding.remedy


@pytest.mark.parametrize(("permitted", "level"), [(True, "ok"), (False, "warning")])
def test_amx(monkeypatch: pytest.MonkeyPatch, permitted: bool, level: str) -> None:
    read = read_features(SAPPHIRE_RAPIDS)
    monkeypatch.setattr(
        processor, "read_features", lambda: Features(read.name, read.flags, permitted)
    )
    monkeypatch.setattr(processor, "read_processor", lambda: read_processor(SAPPHIRE_RAPIDS))
    there = {each.name: each for each in check_processor(examined_with())}
    assert there["processor.amx"].level == level
