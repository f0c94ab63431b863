"""Memory of processes, and what is left of the machine's; Linux only."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path


def session_memory(session: int) -> int:
    """Returns the memory of a session's processes in bytes, as if no other used the same files.

    Pages that its processes share count once. PSS would leave to another server its share of the
    libraries that both have mapped. 0 where the system does not say: outside Linux, and for
    processes of other users.
    """
    if sys.platform != "linux":
        return 0
    own = 0
    files: dict[tuple[str, ...], int] = {}
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            # Behind the name, which may hold anything: state, parent, group, session.
            fields = (directory / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[3]) == session:
                own += _add_mappings((directory / "smaps").read_text(errors="replace"), files)
    return 1024 * (own + sum(files.values()))


def _add_mappings(smaps: str, files: dict[tuple[str, ...], int]) -> int:
    """Returns the kB of a process that are of no file, and notes the kB of each part of a file.

    Args:
        smaps: Its mappings, as ``/proc/<pid>/smaps`` has them.
        files: By file and offset the most that a process has of it.
    """
    own = 0
    file: tuple[str, ...] | None = None
    resident = 0
    for line in smaps.splitlines():
        name, value, *rest = line.split(maxsplit=4)
        if not name.endswith(":"):
            # Addresses; permissions, offset, device, and inode with the path.
            inode = rest[2].split()[0]
            file = None if inode == "0" else (*rest[:2], inode)
        elif name == "Rss:":
            resident = int(value)
        elif name == "Pss:" and file is None:
            own += int(value)
        elif name == "Anonymous:" and file is not None:
            own += int(value)  # what a process has written over pages of the file
            files[file] = max(files.get(file, 0), resident - int(value))
    return own


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
