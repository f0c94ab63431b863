"""The choice of a precision on several processors."""

from __future__ import annotations

import pytest
from processor_excerpts import ALDER_LAKE, GRAVITON_3, NEHALEM, SAPPHIRE_RAPIDS, SKYLAKE, ZEN_4

from distilbert_sentiment_arch.engine.precision import Verdict, candidates, choose
from distilbert_sentiment_arch.errors import CompilerError
from distilbert_sentiment_arch.machine.processor import Processor, read_processor
from distilbert_sentiment_arch.settings.precision import Precision, PrecisionSetting

PASSES = Verdict(True, "64 of 64 labels equal")
MISSES = Verdict(False, "60 of 64 labels equal")


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
