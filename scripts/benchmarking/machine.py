"""Description of the machine, and its load by other processes."""

from __future__ import annotations

import os
import platform
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

INTERESTING_FLAGS = (
    "avx2",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_tile",
    "amx_int8",
    "asimd",
    "asimddp",
    "i8mm",
    "bf16",
)


def describe_machine() -> dict[str, Any]:
    """Returns the properties of the machine that the figures depend on."""
    cpuinfo = _read("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    present = set(flags[1].split()) if flags else set()
    cache = {
        f"L{_read(f'{index}/level').strip()}": _read(f"{index}/size").strip()
        for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"))
        if _read(f"{index}/type").strip() != "Instruction"
    }
    return {
        "cpu": model[1] if model else platform.processor(),
        "flags": [flag for flag in INTERESTING_FLAGS if flag in present],
        "cores": usable_cores(),
        "logical_cpus": psutil.cpu_count(),
        "caches": cache,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "virtualised": "hypervisor" in present,
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip()
        or "not shown",
        "transparent_hugepages": _read("/sys/kernel/mm/transparent_hugepage/enabled").strip(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def usable_cores() -> int:
    """Returns the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True)
class _Reading:
    wall: float
    busy: float
    steal: float


class ForeignLoad:
    """Share of the machine that other processes used during a measurement.

    Other load on this machine or on the same host (the hypervisor's steal time) makes figures
    noisy; a share above ``LIMIT`` is reported.
    """

    LIMIT = 0.05

    def __init__(self) -> None:
        self._start = self._read()

    def share(self, own_cpu_s: float) -> float:
        """Returns the share of all CPU time since the start that other processes used, 0 to 1.

        Args:
            own_cpu_s: CPU seconds of the measured process and of the harness meanwhile.
        """
        end = self._read()
        wall = (end.wall - self._start.wall) * (psutil.cpu_count() or 1)
        used = end.busy - self._start.busy + end.steal - self._start.steal
        return max(0.0, used - own_cpu_s) / wall if wall else 0.0

    @staticmethod
    def _read() -> _Reading:
        times = psutil.cpu_times()
        busy = times.user + times.nice + times.system + times.irq + times.softirq
        return _Reading(time.perf_counter(), busy, getattr(times, "steal", 0.0))
