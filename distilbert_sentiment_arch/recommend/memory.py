"""Memory of processes, and what is left of the machine's; Linux only."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path


def session_memory(session: int) -> int:
    """Returns the memory of a session's processes in bytes; shared pages count once (PSS).

    0 where the system does not say: outside Linux, and for processes of other users.
    """
    if sys.platform != "linux":
        return 0
    found = 0
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # Behind the name, which may hold anything: state, parent, group, session.
            fields = (directory / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == session:
                found += _kilobytes((directory / "smaps_rollup").read_text(), "Pss") * 1024
    return found


def available_memory() -> int | None:
    """Returns the bytes that processes can still get, the control group's limit considered.

    None where the system does not say.
    """
    found: list[int] = []
    with suppress(OSError):
        found.append(_kilobytes(Path("/proc/meminfo").read_text(), "MemAvailable") * 1024)
    with suppress(OSError, ValueError):  # ValueError: "max"
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        found.append(limit - int((group / "memory.current").read_text()))
    return min(found) if found else None


def _kilobytes(text: str, name: str) -> int:
    match = re.search(rf"^{name}:\s*(\d+) kB$", text, re.MULTILINE)
    return int(match[1]) if match else 0
