"""Memory of this machine, and the limits on what this process may take of it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from distilbert_sentiment_arch.machine.cgroups import cgroup_directories, read_number

_LIMIT_FILES = ("memory.max", "memory.limit_in_bytes")
"""Of cgroups of version 2 and 1."""

_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Memory:
    """Memory in bytes.

    Attributes:
        physical: What the machine has.
        available: What is free, or can be made so; None where the system does not say.
        cgroup: The lowest limit of this process's control groups; None for no limit.
        address_space: ``ulimit -v``; None for no limit.
    """

    physical: int
    available: int | None = None
    cgroup: int | None = None
    address_space: int | None = None

    @property
    def limit(self) -> int:
        """What the server's processes may take together."""
        return min(self.physical, self.cgroup or self.physical)


def read_memory() -> Memory:
    """Returns the memory of this machine and the limits of this process."""
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = cgroup_limit()
    # Version 1 writes a number beyond any machine's memory for no limit.
    cgroup = limit if limit is not None and limit < physical else None
    return Memory(physical, _available(), cgroup, _address_space())


def memory_limit() -> int:
    """Returns the bytes that this process may take: the least of memory, cgroups and ulimit."""
    found = read_memory()
    return min(found.limit, found.address_space or found.limit)


def cgroup_limit(process: Path = Path("/proc/self")) -> int | None:
    """Returns the lowest memory limit of a process's control groups; None for no limit.

    Args:
        process: Its directory in ``/proc``.
    """
    found = (
        read_number(directory / name)
        for directory in cgroup_directories("memory", process)
        for name in _LIMIT_FILES
    )
    return min((each for each in found if each is not None), default=None)


def _available() -> int | None:
    with suppress(OSError):
        match = re.search(r"^MemAvailable:\s*(\d+) kB", _MEMINFO.read_text(), re.MULTILINE)
        return int(match[1]) * 1024 if match else None
    return None


def _address_space() -> int | None:
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft
