"""Cores that this process may use, and the share of their time that a quota leaves it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from distilbert_sentiment_arch.machine.cgroups import cgroup_directories, read_number


@dataclass(frozen=True)
class Cores:
    """Logical processors.

    Attributes:
        present: What the machine has online.
        allowed: What this process may run on.
        quota: Processors' time that its control groups leave it, in processors; None for no limit.
    """

    present: int
    allowed: int
    quota: float | None = None


def read_cores() -> Cores:
    """Returns the logical processors of this machine and of this process."""
    present = os.cpu_count() or 1
    if not hasattr(os, "sched_getaffinity"):  # macOS
        return Cores(present, present)
    return Cores(present, len(os.sched_getaffinity(0)), cgroup_quota())


def cgroup_quota(process: Path = Path("/proc/self")) -> float | None:
    """Returns the lowest quota of a process's control groups, in processors; None for no limit.

    Args:
        process: Its directory in ``/proc``.
    """
    found = [_quota(directory) for directory in cgroup_directories("cpu", process)]
    return min((each for each in found if each is not None), default=None)


def _quota(directory: Path) -> float | None:
    with suppress(OSError, ValueError):  # version 2: "max 100000" or "150000 100000"
        quota, period = map(int, (directory / "cpu.max").read_text().split())
        return quota / period
    first = read_number(directory / "cpu.cfs_quota_us")
    period_us = read_number(directory / "cpu.cfs_period_us")
    return first / period_us if first is not None and first > 0 and period_us else None
