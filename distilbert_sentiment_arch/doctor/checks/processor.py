"""Processor: the units that MAX and our kernels compute with."""

from __future__ import annotations

import platform
import signal

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.machine.processor import (
    UNITS,
    Features,
    Processor,
    read_features,
    read_processor,
)
from distilbert_sentiment_arch.settings.precision import Precision

AREA = "processor"

X86_64_V3 = ("avx2", "bmi1", "bmi2", "f16c", "fma", "movbe")
"""What MAX's builds for x86-64 take for granted, as Linux names it."""

_REMEDY = "Use a processor with AVX2, or, in a virtual machine, pass the host's processor through."

_VECTORS = ("avx2", "avx512f", "asimd", "sve")
_REDUCED: tuple[Precision, ...] = ("int8", "bfloat16", "bfloat16x3")


def check_processor(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    features = read_features()
    return [
        Finding(AREA, "processor.name", f"{features.name} ({platform.machine()})", "serves"),
        _vectors(features, examined),
        _precisions(read_processor()),
        *_amx(features),
    ]


def _vectors(features: Features, examined: Examined) -> Finding:
    name, report = "processor.vectors", examined.answers.max
    has = ", ".join(each for each in _VECTORS if each in features.flags) or "none known"
    x86 = platform.machine() in ("x86_64", "AMD64")
    missing = [each for each in X86_64_V3 if each not in features.flags] if x86 else []
    if report.answer.status == -signal.SIGILL:
        return Finding(
            AREA,
            name,
            has,
            "MAX ends with an illegal instruction: it is built for x86-64-v3",
            _REMEDY,
            "unfit",
        )
    if missing:
        return Finding(
            AREA,
            name,
            has,
            f"MAX is built for x86-64-v3, and Linux does not name {', '.join(missing)}: a server "
            "may end with an illegal instruction",
            _REMEDY,
            "warning",
        )
    if not features.flags:
        return Finding(
            AREA,
            name,
            has,
            "/proc/cpuinfo names no units: the kernels are compiled for what the compiler finds",
            "Make /proc/cpuinfo readable, so that a graph is kept for this processor.",
            "warning",
        )
    return Finding(AREA, name, has, "the kernels are compiled for these")


def _precisions(processor: Processor) -> Finding:
    units = {each: processor.unit_for(each) for each in _REDUCED}
    fast = [f"{each} ({unit})" for each, unit in units.items() if unit]
    if fast:
        meaning = "--precision auto takes the first that keeps the model's accuracy"
        return Finding(AREA, "processor.precisions", ", ".join(fast), meaning)
    wanted = sorted({unit for each in _REDUCED for unit in UNITS[each]})
    return Finding(
        AREA,
        "processor.precisions",
        "float32",
        f"none of {', '.join(wanted)}: --precision auto computes in float32",
    )


def _amx(features: Features) -> list[Finding]:
    if features.permits_amx is None:
        return []
    if features.permits_amx:
        return [Finding(AREA, "processor.amx", "permitted", "Linux lets this process use it")]
    return [
        Finding(
            AREA,
            "processor.amx",
            "refused",
            "the processor has AMX and Linux does not permit it here: the kernels do without",
            "Allow arch_prctl(ARCH_REQ_XCOMP_PERM) in the sandbox or its seccomp profile; Linux "
            "before 5.16 has no such call.",
            "warning",
        )
    ]
