"""Processors that code can be compiled for ahead, on a machine with another one.

Code that is compiled for this machine is found by all that ``/proc/cpuinfo`` says of it, so that
another machine never runs it. Code for a named processor is found wherever everything is there that
the compiler may use for that name; an instruction that a processor lacks ends the process.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from distilbert_sentiment_arch.errors import WarmError


@dataclass(frozen=True)
class TargetCpu:
    """A processor that code is compiled for.

    Attributes:
        name: What LLVM calls it.
        flags: What the compiler may use of it, as Linux names it in ``/proc/cpuinfo``.
    """

    name: str
    flags: frozenset[str]

    @property
    def units(self) -> frozenset[str]:
        """What of it ``precision.Processor.units`` lists."""
        return self.flags & _UNITS


_UNITS = frozenset(
    {"avx2", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"},
)

_V3 = frozenset(
    {
        *("cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"),
        *("abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"),
    }
)
_V4 = _V3 | {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
_CRYPTO = {"3dnowprefetch", "adx", "aes", "pclmulqdq", "rdseed"}
_SKYLAKE = _V4 | _CRYPTO
_CASCADE_LAKE = _SKYLAKE | {"avx512_vnni"}
_NARROW = {"gfni", "sha_ni", "vaes", "vpclmulqdq"}
_WIDE = {"avx512ifma", "avx512vbmi", "avx512_vbmi2", "avx512_bitalg", "avx512_vpopcntdq"}
_ICE_LAKE = _CASCADE_LAKE | _NARROW | _WIDE
_ZEN_3 = _V3 | _CRYPTO | {"rdpid", "sha_ni", "sse4a", "vaes", "vpclmulqdq"}

# The most capable ones first: the order in which their code is looked for.
_X86 = {
    "sapphirerapids": _ICE_LAKE
    | {"amx_bf16", "amx_int8", "amx_tile", "avx_vnni", "avx512_bf16", "avx512_fp16"}
    | {"movdir64b", "movdiri", "serialize"},
    "znver4": _ZEN_3 | _V4 | _WIDE | {"avx512_bf16", "avx512_vnni", "gfni"},
    "icelake-server": _ICE_LAKE,
    "cooperlake": _CASCADE_LAKE | {"avx512_bf16"},
    "cascadelake": _CASCADE_LAKE,
    "skylake-avx512": _SKYLAKE,
    "x86-64-v4": _V4,
    "alderlake": _V3 | _CRYPTO | _NARROW | {"avx_vnni", "movdir64b", "movdiri", "serialize"},
    "znver3": _ZEN_3,
    "x86-64-v3": _V3,
}

TARGETS: dict[str, tuple[TargetCpu, ...]] = {
    "x86_64": tuple(TargetCpu(name, frozenset(flags)) for name, flags in _X86.items())
}
"""By the architecture of this machine, which the compiler does not leave: those that were tried."""

# Of /proc/cpuinfo, on x86-64 and on ARM: what decides which instructions are compiled.
_PROCESSOR = {
    *("vendor_id", "cpu family", "model", "flags"),
    *("CPU implementer", "CPU part", "Features"),
}

_aimed: ContextVar[TargetCpu | None] = ContextVar("target processor", default=None)


def named_target(name: str) -> TargetCpu:
    """Returns the target of a name.

    Raises:
        WarmError: There is none of that name on this architecture.
    """
    machine = platform.machine()
    known = {target.name: target for target in TARGETS.get(machine, ())}
    if name not in known:
        possible = ", ".join(known) or f"none on {machine}"
        raise WarmError(
            f"--target-cpu is {name!r}; possible are: {possible}. Leave it out to compile for the "
            "processor of this machine."
        )
    return known[name]


def usable_targets(flags: frozenset[str]) -> list[TargetCpu]:
    """Returns the targets whose code runs on a processor, the most capable one first.

    Args:
        flags: All that Linux names of it.
    """
    return [each for each in TARGETS.get(platform.machine(), ()) if each.flags <= flags]


@contextmanager
def aiming_at(target: TargetCpu | None) -> Iterator[None]:
    """Compiles for a target inside the context; None is this machine's processor."""
    token = _aimed.set(target)
    try:
        yield
    finally:
        _aimed.reset(token)


def aimed_at() -> TargetCpu | None:
    """Returns the target of this context; None for this machine's processor."""
    return _aimed.get()


def processor_lines() -> list[str]:
    """Returns what names code that is compiled for this machine's processor alone."""
    try:
        first = Path("/proc/cpuinfo").read_text("utf-8").partition("\n\n")[0]
    except OSError:  # not Linux
        return [platform.processor()]
    return [line for line in first.splitlines() if line.partition("\t")[0].strip() in _PROCESSOR]
