"""Memory cgroups, version 1 or 2, if this machine allows creating them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


@contextmanager
def memory_cgroup(name: str, limit: int) -> Iterator[Path | None]:
    """Makes a cgroup with a memory limit in bytes; yields None if this machine does not allow it.

    A process is moved into it by writing its id into the cgroup's file ``cgroup.procs``.
    """
    cgroup = _made(name, limit)
    try:
        yield cgroup
    finally:
        if cgroup is not None:
            _remove(cgroup)


def peak_memory(cgroup: Path | None) -> int | None:
    """Returns the peak memory of a cgroup in bytes; None if it is unknown."""
    for name in ("memory.max_usage_in_bytes", "memory.peak"):
        if cgroup and (cgroup / name).exists():
            return int((cgroup / name).read_text())
    return None


def _made(name: str, limit: int) -> Path | None:
    for parent, file in ((_ROOT / "memory", "memory.limit_in_bytes"), (_ROOT, "memory.max")):
        with suppress(OSError):
            (parent / name).mkdir()
            if (parent / name / file).exists():
                (parent / name / file).write_text(str(limit))
                return parent / name
            (parent / name).rmdir()
    return None


def _remove(cgroup: Path) -> None:
    for _ in range(100):  # fails until the last process has ended
        try:
            cgroup.rmdir()
            return
        except OSError:
            time.sleep(0.05)
