"""The choice of a precision among those that a processor computes; see ``machine.processor``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from distilbert_sentiment_arch.cache_use import is_preparing
from distilbert_sentiment_arch.engine.target_cpu import TargetCpu, aimed_at, usable_targets
from distilbert_sentiment_arch.errors import CompilerError
from distilbert_sentiment_arch.machine import processor as machine_processor
from distilbert_sentiment_arch.machine.processor import (
    COMPUTES_INT8,
    KNOWN_UNITS,
    UNITS,
    Processor,
    read_features,
)
from distilbert_sentiment_arch.settings.precision import (
    CODE_PRECISIONS,
    Precision,
    PrecisionChoice,
    PrecisionSetting,
)

# In order of preference of ``auto``.
_REDUCED: tuple[Precision, ...] = ("int8", "bfloat16", "bfloat16x3")


@dataclass(frozen=True)
class Verdict:
    """What the self-check says of a precision for one checkpoint.

    Attributes:
        passed: The accuracy bound holds.
        figures: The measured figures, in words.
    """

    passed: bool
    figures: str


def read_processor(cpuinfo: str | None = None) -> Processor:
    """Returns the processor of this machine, or the one that is compiled for in its place.

    Args:
        cpuinfo: Content of ``/proc/cpuinfo``; None reads it.
    """
    if cpuinfo is None and (target := aimed_at()) is not None:
        return Processor(target.name, target.units)
    return machine_processor.read_processor(cpuinfo)


def runs_here(target: TargetCpu) -> bool:
    """Whether this machine runs code that is compiled for a target."""
    return target in usable_targets(read_features().usable)


def stand_ins() -> list[TargetCpu]:
    """Returns the targets whose code may serve in place of this processor's own, best first.

    There are none where code is made for later starts, or for a target.
    """
    if aimed_at() is not None or is_preparing():
        return []
    return usable_targets(read_features().usable)


def unused_by(target: TargetCpu) -> frozenset[str]:
    """Returns the units of this machine's processor that a target's code leaves unused."""
    return (read_features().usable - target.flags) & {"avx512f", *KNOWN_UNITS}


def candidates(
    requested: PrecisionSetting, processor: Processor, *, quantized: bool
) -> list[Precision]:
    """Returns the precisions to try, the preferred one first; the last one is float32.

    Args:
        requested: The setting.
        processor: The processor.
        quantized: The checkpoint was quantised ahead. ``auto`` then takes int8 wherever it is
            computed, fast unit or not.
    """
    found: list[Precision] = []
    for precision in _REDUCED:
        if requested == precision:
            wanted = processor.computes(precision)
        elif requested == "auto":
            wanted = processor.unit_for(precision) is not None
            wanted |= quantized and precision == "int8" and processor.computes(precision)
        else:
            wanted = False
        if wanted:
            found.append(precision)
    return [*found, "float32"]


def choose(
    requested: PrecisionSetting,
    processor: Processor,
    check: Callable[[Precision], Verdict],
    *,
    quantized: bool = False,
    no_codes: str | None = None,
) -> tuple[PrecisionChoice, list[str]]:
    """Chooses a precision for a CPU whose kernels compile.

    Args:
        requested: The setting.
        processor: The processor.
        check: Loads the model in a precision and runs the self-check; raises CompilerError where
            the kernels for it do not compile. It is not called for float32.
        quantized: See ``candidates``.
        no_codes: Why there are no kernels for the model in int8 and bfloat16; None: there are.

    Returns:
        The choice, and warnings about it.
    """
    missed: list[str] = []
    for precision in candidates(requested, processor, quantized=quantized)[:-1]:
        if no_codes and precision in CODE_PRECISIONS:
            continue
        try:
            verdict = check(precision)
        except CompilerError as error:
            missed.append(f"the kernels for {precision} do not compile here ({error})")
            continue
        if requested != "auto":
            choice = PrecisionChoice(precision, requested, "the setting asks for it")
            return choice, _warnings(precision, processor, verdict)
        if verdict.passed:
            unit = processor.unit_for(precision)
            why = f"{processor.name} has {unit}" if unit else "the checkpoint is quantised"
            reason = f"{why}, and the self-check passed ({verdict.figures})"
            return PrecisionChoice(precision, requested, reason), []
        missed.append(f"{precision} misses the accuracy bound ({verdict.figures})")
    reason = "; ".join(missed) or _why_float32(requested, processor, no_codes)
    choice = PrecisionChoice("float32", requested, reason)
    unmet = requested != "float32" and (requested != "auto" or missed)
    return choice, [f"float32 serves: {reason}"] if unmet else []


def _warnings(precision: Precision, processor: Processor, verdict: Verdict) -> list[str]:
    """Returns what is said against a precision that the setting asks for."""
    found = []
    if processor.unit_for(precision) is None:
        found.append(
            f"{processor.name} has none of {', '.join(UNITS[precision])}: {precision} gives the "
            "same answers as elsewhere, and may be slower than float32. Compare the two."
        )
    if not verdict.passed:
        found.append(
            f"{precision} misses the accuracy bound for this checkpoint ({verdict.figures}). Set "
            "auto or float32 where that matters."
        )
    return found


def _why_float32(requested: PrecisionSetting, processor: Processor, no_codes: str | None) -> str:
    if requested == "float32":
        return "the setting asks for it"
    if no_codes and requested in CODE_PRECISIONS:
        return no_codes
    if requested == "auto":
        missing = f"{processor.name} has no unit that makes {{}} faster"
        if no_codes:
            return f"{no_codes}, and {missing.format('bfloat16x3')}"
        return missing.format("int8 or bfloat16")
    units = COMPUTES_INT8 if requested == "int8" else UNITS[requested]
    return f"{requested} needs one of {', '.join(units)}, and {processor.name} has none"
