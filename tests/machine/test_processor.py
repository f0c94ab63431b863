"""What a processor computes, from excerpts of /proc/cpuinfo."""

from __future__ import annotations

import platform

import pytest
from processor_excerpts import (
    ALDER_LAKE,
    GRAVITON_3,
    NEHALEM,
    RASPBERRY_PI_4,
    SAPPHIRE_RAPIDS,
    SKYLAKE,
    ZEN_4,
)

from distilbert_sentiment_arch.machine import processor as module
from distilbert_sentiment_arch.machine.processor import read_features, read_processor


@pytest.mark.parametrize(
    ("cpuinfo", "name", "int8", "bfloat16", "bfloat16x3"),
    [
        (ZEN_4, "AMD EPYC 9454", "avx512_vnni", "avx512_bf16", None),
        (SAPPHIRE_RAPIDS, "Xeon 8480", "avx_vnni", "avx512_bf16", "amx_bf16"),
        (ALDER_LAKE, "Core i5-12600", "avx_vnni", None, None),
        (SKYLAKE, "Xeon 8180", None, None, None),
        (GRAVITON_3, None, "asimddp", None, None),
        (RASPBERRY_PI_4, "Raspberry Pi 4", None, None, None),
    ],
)
def test_units_of_a_processor(
    cpuinfo: str,
    name: str | None,
    int8: str | None,
    bfloat16: str | None,
    bfloat16x3: str | None,
) -> None:
    processor = read_processor(cpuinfo)
    assert name in (None, processor.name)
    assert processor.unit_for("int8") == int8
    assert processor.unit_for("bfloat16") == bfloat16
    assert processor.computes("float32")
    assert processor.computes("int8")
    assert processor.computes("bfloat16") == (bfloat16 is not None)
    assert processor.unit_for("bfloat16x3") == bfloat16x3
    assert processor.computes("bfloat16x3") == (bfloat16x3 is not None)


def test_a_unit_that_only_some_cores_have_does_not_count() -> None:
    processor = read_processor(ZEN_4 + "\n" + SKYLAKE)
    assert processor.unit_for("int8") is None
    assert processor.computes("int8")


def test_this_machine_has_a_name() -> None:
    assert read_processor().name


@pytest.mark.parametrize("cpuinfo", ["", "processor\t: 0\nno such line\n", "\0\xff"])
def test_what_names_no_units_computes_float32_alone(cpuinfo: str) -> None:
    found = read_processor(cpuinfo)
    assert found.name == platform.machine()
    assert found.units == frozenset()
    assert found.computes("float32")
    assert not found.computes("int8")


def test_features_are_all_flags_that_every_core_has() -> None:
    assert read_features(NEHALEM).flags == {"fpu", "sse2"}
    assert "avx512f" not in read_features(ZEN_4 + "\n" + ALDER_LAKE).flags
    assert read_features(ZEN_4).permits_amx is None
    assert read_features(SAPPHIRE_RAPIDS).permits_amx


@pytest.mark.parametrize("permitted", [True, False])
def test_amx_counts_where_linux_permits_it(
    permitted: bool, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cpuinfo = tmp_path_factory.mktemp("proc") / "cpuinfo"
    cpuinfo.write_text(SAPPHIRE_RAPIDS)
    monkeypatch.setattr(module, "_CPUINFO", cpuinfo)
    monkeypatch.setattr(module, "_amx_permitted", lambda: permitted)
    assert read_features().permits_amx is permitted
    assert ("amx_bf16" in read_processor().units) is permitted
    assert "avx512_bf16" in read_processor().units
