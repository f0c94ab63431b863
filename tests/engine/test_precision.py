"""The choice of a precision on several processors."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from processor_excerpts import ALDER_LAKE, GRAVITON_3, NEHALEM, SAPPHIRE_RAPIDS, SKYLAKE, ZEN_4

from distilbert_sentiment_arch.cache_use import CacheUse, watched
from distilbert_sentiment_arch.engine import precision
from distilbert_sentiment_arch.engine.precision import (
    Verdict,
    candidates,
    choose,
    read_processor,
    runs_here,
    stand_ins,
    unused_by,
)
from distilbert_sentiment_arch.engine.target_cpu import aiming_at, named_target
from distilbert_sentiment_arch.errors import CompilerError
from distilbert_sentiment_arch.machine import processor
from distilbert_sentiment_arch.machine.processor import Features, Processor
from distilbert_sentiment_arch.settings.precision import Precision, PrecisionSetting

needs_targets = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="there are targets on x86-64 only"
)


PASSES = Verdict(True, "64 of 64 labels equal")
MISSES = Verdict(False, "60 of 64 labels equal")


@needs_targets
def test_the_processor_that_is_compiled_for_takes_its_place() -> None:
    with aiming_at(named_target("icelake-server")):
        assert read_processor() == Processor("icelake-server", frozenset({"avx2", "avx512_vnni"}))
        assert read_processor(ZEN_4).name == "AMD EPYC 9454"


@needs_targets
def test_code_of_a_target_stands_in_but_for_what_is_being_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    v3 = named_target("x86-64-v3")
    here = v3.flags | {"avx512f", "avx512_vnni", "sse4a"}
    monkeypatch.setattr(precision, "read_features", lambda: Features("A processor", here))
    assert stand_ins() == [v3]
    assert runs_here(v3)
    assert not runs_here(named_target("x86-64-v4"))
    assert unused_by(v3) == {"avx512f", "avx512_vnni"}
    with watched(CacheUse(only_look=True)):
        assert stand_ins() == [v3]
    for context in (aiming_at(v3), watched(CacheUse())):
        with context:
            assert stand_ins() == []


@needs_targets
def test_code_with_amx_stands_in_only_where_linux_allows_its_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = named_target("sapphirerapids")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags\t\t: {' '.join(target.flags)}\n")
    monkeypatch.setattr(processor, "_CPUINFO", cpuinfo)
    for allowed in (True, False):
        monkeypatch.setattr(processor, "_amx_permitted", lambda allowed=allowed: allowed)
        assert runs_here(target) == allowed
        assert runs_here(named_target("icelake-server"))


@pytest.mark.parametrize(
    ("requested", "cpuinfo", "expected"),
    [
        ("float32", ZEN_4, ["float32"]),
        ("int8", ZEN_4, ["int8", "float32"]),
        ("int8", SKYLAKE, ["int8", "float32"]),
        ("int8", NEHALEM, ["float32"]),
        ("bfloat16", ZEN_4, ["bfloat16", "float32"]),
        ("bfloat16", GRAVITON_3, ["float32"]),
        ("bfloat16x3", SAPPHIRE_RAPIDS, ["bfloat16x3", "float32"]),
        ("bfloat16x3", ZEN_4, ["float32"]),
        ("auto", ZEN_4, ["int8", "bfloat16", "float32"]),
        ("auto", SAPPHIRE_RAPIDS, ["int8", "bfloat16", "bfloat16x3", "float32"]),
        ("auto", ALDER_LAKE, ["int8", "float32"]),
        ("auto", GRAVITON_3, ["int8", "float32"]),
        ("auto", SKYLAKE, ["float32"]),
    ],
)
def test_candidates(requested: PrecisionSetting, cpuinfo: str, expected: list[str]) -> None:
    assert candidates(requested, read_processor(cpuinfo), quantized=False) == expected


def test_a_quantised_checkpoint_needs_no_fast_unit() -> None:
    def int8_is_tried(cpuinfo: str) -> bool:
        return "int8" in candidates("auto", read_processor(cpuinfo), quantized=True)

    assert int8_is_tried(SKYLAKE)
    assert not int8_is_tried(NEHALEM)


def chosen(
    requested: PrecisionSetting, cpuinfo: str, **verdicts: Verdict
) -> tuple[str, str, list[str], list[str]]:
    """Returns the precision, the reason, the warnings, and what was checked."""
    checked: list[str] = []

    def check(precision: Precision) -> Verdict:
        checked.append(precision)
        return verdicts.get(precision, PASSES)

    choice, warnings = choose(requested, read_processor(cpuinfo), check)
    assert choice.requested == requested
    return choice.precision, choice.reason, warnings, checked


def test_auto_takes_int8_where_it_is_fast_and_accurate() -> None:
    precision, reason, warnings, _ = chosen("auto", ZEN_4)
    assert precision == "int8"
    assert "AMD EPYC 9454 has avx512_vnni" in reason
    assert PASSES.figures in reason
    assert not warnings


def test_auto_takes_bfloat16_where_int8_is_not_accurate() -> None:
    precision, _, _, checked = chosen("auto", ZEN_4, int8=MISSES)
    assert (precision, checked) == ("bfloat16", ["int8", "bfloat16"])


def test_auto_serves_float32_and_says_which_bound_was_missed() -> None:
    precision, reason, warnings, _ = chosen("auto", ZEN_4, int8=MISSES, bfloat16=MISSES)
    assert precision == "float32"
    assert "int8 misses the accuracy bound (60 of 64 labels equal)" in reason
    assert warnings == [f"float32 serves: {reason}"]


def test_auto_on_a_processor_without_fast_units_is_no_reason_to_warn() -> None:
    precision, reason, warnings, checked = chosen("auto", SKYLAKE)
    assert (precision, warnings, checked) == ("float32", [], [])
    assert "Xeon 8180 has no unit" in reason


def test_int8_is_computed_without_a_fast_unit_and_warned_about() -> None:
    precision, _, (warning,), _ = chosen("int8", SKYLAKE)
    assert precision == "int8"
    assert "Xeon 8180 has none of avx512_vnni" in warning


def test_int8_that_is_not_accurate_is_served_where_it_is_asked_for() -> None:
    precision, _, (warning,), _ = chosen("int8", ZEN_4, int8=MISSES)
    assert precision == "int8"
    assert MISSES.figures in warning


def test_bfloat16_without_its_unit_is_served_in_float32_with_a_warning() -> None:
    precision, reason, (warning,), _ = chosen("bfloat16", SKYLAKE)
    assert precision == "float32"
    assert "bfloat16 needs one of avx512_bf16, amx_bf16, and Xeon 8180 has none" in reason
    assert reason in warning


def test_float32_is_not_checked() -> None:
    assert chosen("float32", ZEN_4)[0] == "float32"
    assert chosen("float32", ZEN_4)[3] == []


@pytest.mark.parametrize("requested", ["int8", "bfloat16"])
def test_an_encoder_without_such_kernels_is_served_in_float32_with_a_warning(
    requested: PrecisionSetting,
) -> None:
    def check(precision: Precision) -> Verdict:
        raise AssertionError(f"{precision} was tried")

    amx = Processor("P", frozenset({"amx_int8", "amx_bf16"}))
    why = "there are no kernels for its layers"
    choice, warnings = choose(requested, amx, check, no_codes=why)
    assert (choice.precision, choice.reason) == ("float32", why)
    assert warnings == [f"float32 serves: {why}"]


def test_auto_takes_bfloat16x3_for_an_encoder_without_codes() -> None:
    checked: list[str] = []

    def check(precision: Precision) -> Verdict:
        checked.append(precision)
        return PASSES

    why = "there are no kernels for its layers"
    amx = Processor("P", frozenset({"amx_int8", "amx_bf16"}))
    choice, warnings = choose("auto", amx, check, no_codes=why)
    assert (choice.precision, warnings, checked) == ("bfloat16x3", [], ["bfloat16x3"])
    assert "P has amx_bf16" in choice.reason
    without = Processor("P", frozenset({"avx2", "avx_vnni"}))
    choice, warnings = choose("auto", without, check, no_codes=why)
    assert (choice.precision, warnings) == ("float32", [])
    assert choice.reason.startswith(why)
    assert checked == ["bfloat16x3"]


def test_a_processor_without_amx_serves_float32_in_place_of_bfloat16x3() -> None:
    precision, reason, warnings, checked = chosen("bfloat16x3", ZEN_4)
    assert (precision, checked) == ("float32", [])
    assert reason == "bfloat16x3 needs one of amx_bf16, and AMD EPYC 9454 has none"
    assert warnings == [f"float32 serves: {reason}"]


def test_auto_takes_bfloat16x3_where_codes_are_not_accurate() -> None:
    precision, reason, warnings, checked = chosen(
        "auto", SAPPHIRE_RAPIDS, int8=MISSES, bfloat16=MISSES
    )
    assert precision == "bfloat16x3"
    assert PASSES.figures in reason
    assert checked == ["int8", "bfloat16", "bfloat16x3"]
    assert not warnings


def test_kernels_that_do_not_compile_leave_float32() -> None:
    def check(precision: Precision) -> Verdict:
        raise CompilerError("no such instruction")

    choice, warnings = choose("int8", Processor("P", frozenset({"avx2", "avx_vnni"})), check)
    assert choice.precision == "float32"
    assert "the kernels for int8 do not compile here (no such instruction)" in choice.reason
    assert warnings
