"""The processes that a process started, to end them with it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def kill_descendants(pid: int) -> None:
    """Kills all that a process started and that still runs, those in other groups among it.

    Args:
        pid: The process, which goes on itself.
    """
    for each in descendants(pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Returns the children of a process, their children and so on; empty if there are none."""
    children = defaultdict(list)
    for child, parent in _parents():
        children[parent].append(child)
    found = list(children[pid])
    for each in found:
        found += children[each]
    return found


def _parents() -> Iterator[tuple[int, int]]:
    """Yields every process with the one that started it."""
    processes = Path("/proc")
    if not (processes / "self" / "stat").exists():
        yield from _parents_of_ps()
        return
    for directory in processes.glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            # The name in brackets may hold anything; the parent is the second field behind it.
            behind = (directory / "stat").read_bytes().rpartition(b")")[2].split()
            yield int(directory.name), int(behind[1])


def _parents_of_ps() -> Iterator[tuple[int, int]]:
    listed = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        child, parent = line.split()
        yield int(child), int(parent)
