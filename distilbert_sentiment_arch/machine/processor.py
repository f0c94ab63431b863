"""The processor of this machine, as Linux describes it, and what our kernels make of it.

Every processor with AVX2 or NEON computes int8, and the same integers as any other. It pays where
an instruction adds up products of bytes: ``avx512_vnni``, ``avx_vnni``, ``amx_int8``, ARM's
``asimddp``. bfloat16 is computed with ``avx512_bf16`` or ``amx_bf16`` only, bfloat16x3 with
``amx_bf16``.
"""

from __future__ import annotations

import ctypes
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from distilbert_sentiment_arch.settings.precision import Precision

UNITS: dict[Precision, tuple[str, ...]] = {
    "int8": ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp"),
    "bfloat16": ("avx512_bf16", "amx_bf16"),
    "bfloat16x3": ("amx_bf16",),
}
"""Units that make a precision faster than float32, as Linux names them, the first ones preferred in
messages."""

COMPUTES_INT8 = ("avx2", "asimd")
"""Units of which one computes int8 at all."""

KNOWN_UNITS = frozenset({*COMPUTES_INT8, "i8mm", "bf16", *UNITS["int8"], *UNITS["bfloat16"]})
"""Units that a processor is described by where a precision is chosen."""

_CPUINFO = Path("/proc/cpuinfo")

_ARCH_PRCTL = 158
_ARCH_REQ_XCOMP_PERM = 0x1023
_XFEATURE_XTILEDATA = 18


@dataclass(frozen=True)
class Processor:
    """What of a processor the choice of a precision depends on.

    Attributes:
        name: Its name, for messages.
        units: Those of its units that matter here, as Linux names them.
    """

    name: str
    units: frozenset[str]

    def unit_for(self, precision: Precision) -> str | None:
        """Returns a unit that makes a precision faster than float32; None if there is none."""
        return next((unit for unit in UNITS.get(precision, ()) if unit in self.units), None)

    def computes(self, precision: Precision) -> bool:
        """Whether the kernels compute a precision here at all, fast or not."""
        if precision == "int8":
            return any(unit in self.units for unit in COMPUTES_INT8)
        return precision == "float32" or self.unit_for(precision) is not None


@dataclass(frozen=True)
class Features:
    """All that Linux says of a processor.

    Attributes:
        name: Its name; the machine's architecture where it has none.
        flags: What all of its cores have, as Linux names them; empty where it names none.
        permits_amx: Whether this process may use AMX; None where there is no AMX.
    """

    name: str
    flags: frozenset[str]
    permits_amx: bool | None = None

    @property
    def usable(self) -> frozenset[str]:
        """The flags without those whose use Linux does not permit."""
        if self.permits_amx is not False:
            return self.flags
        return frozenset(flag for flag in self.flags if not flag.startswith("amx"))


def read_processor(cpuinfo: str | None = None) -> Processor:
    """Returns the processor of this machine, without units that Linux does not permit.

    Args:
        cpuinfo: Content of ``/proc/cpuinfo``; None reads it.
    """
    found = read_features(cpuinfo)
    return Processor(found.name, found.usable & KNOWN_UNITS)


def read_features(cpuinfo: str | None = None) -> Features:
    """Returns what Linux says of the processor of this machine.

    Args:
        cpuinfo: Content of ``/proc/cpuinfo``, of which AMX counts as permitted; None reads it.
    """
    if cpuinfo is None:
        try:
            text = _CPUINFO.read_text("utf-8", errors="replace")
        except OSError:
            return _without_cpuinfo()
        read = read_features(text)
        return Features(read.name, read.flags, read.permits_amx and _amx_permitted())
    # Cores of several kinds may be in one machine: what all of them have is what counts.
    of_cores = [set(line.split()) for line in _values(cpuinfo, "flags|Features")]
    flags = frozenset(set.intersection(*of_cores) if of_cores else ())
    names = _values(cpuinfo, "model name|Model|Hardware")
    has_amx = any(flag.startswith("amx") for flag in flags)
    return Features(names[0] if names else platform.machine(), flags, has_amx or None)


@cache
def _amx_permitted() -> bool:
    """Asks Linux for the use of AMX in this process; returns whether it allows it."""
    call = ctypes.CDLL(None).syscall
    return bool(call(_ARCH_PRCTL, _ARCH_REQ_XCOMP_PERM, _XFEATURE_XTILEDATA) == 0)


def _without_cpuinfo() -> Features:
    # Outside Linux MAX runs on Apple's processors only, all of which have these.
    apple = platform.machine() == "arm64"
    return Features(
        platform.processor() or platform.machine(),
        frozenset({"asimd", "asimddp"} if apple else ()),
    )


def _values(cpuinfo: str, keys: str) -> list[str]:
    return re.findall(rf"^(?:{keys})\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
