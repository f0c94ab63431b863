"""Files: how many may be open, temporary directories, and memory shared between processes."""

from __future__ import annotations

import multiprocessing
import sys
from pathlib import Path

from distilbert_sentiment_arch.compiler_space import NEEDED_BYTES, temporary_directories
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.machine.disks import Room, read_room
from distilbert_sentiment_arch.machine.open_files import OpenFiles, read_open_files
from distilbert_sentiment_arch.settings.limits import Limits

AREA = "files"

OWN_FILES = 128
"""Files that a server has open beside its connections, rounded up."""

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - looked at only


def check_files(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    compiled = bool(examined.answers.max.warmth.get("compiled"))
    return [
        open_files(read_open_files()),
        *_temporary([read_room(each) for each in temporary_directories()], compiled=compiled),
        _shared_memory(),
    ]


def open_files(limit: OpenFiles) -> Finding:
    """Returns the finding about a limit on open files."""
    try:
        connections = Limits.from_environment().max_connections
    except ConfigError:  # see settings
        connections = Limits().max_connections
    needed = connections + OWN_FILES
    found = "no limit" if limit.soft >= 2**62 else str(limit.soft)
    if limit.soft >= needed:
        return Finding(AREA, "files.open", found, f"enough for {connections} connections")
    may = limit.hard >= needed
    return Finding(
        AREA,
        "files.open",
        found,
        f"the server accepts {connections} connections, and each is an open file",
        (f"ulimit -n {needed}" if may else "Have root raise the hard limit")
        + f" (systemd: LimitNOFILE), or --max-connections {max(1, limit.soft - OWN_FILES)}.",
        "warning",
    )


def _temporary(rooms: list[Room], *, compiled: bool) -> list[Finding]:
    name = "files.temporary"
    writable = [each for each in rooms if not each.error]
    if not writable:
        tried = ", ".join(f"{each.path} ({each.error})" for each in rooms)
        return [
            Finding(
                AREA,
                name,
                f"none of {tried}",
                "MAX's processes talk through sockets in a temporary directory: the server does "
                "not start",
                "Set TMPDIR to a directory that can be written to.",
                "unfit",
            )
        ]
    first = writable[0]
    roomy = next((each for each in writable if each.free >= NEEDED_BYTES), None)
    if roomy is None and not compiled:
        return [
            Finding(
                AREA,
                name,
                f"{first.path}, {first.free >> 20} MB free",
                f"a compiler needs {NEEDED_BYTES >> 20} MB and no temporary directory has them",
                "Set TMPDIR to a directory with room.",
                "unfit",
            )
        ]
    meaning = "sockets of MAX's processes, and what compilers write"
    if sys.platform == "linux" and roomy is not None and roomy != first:
        meaning = f"sockets of MAX's processes; compilers write to {roomy.path}, which has room"
    return [Finding(AREA, name, f"{first.path}, {_size(first.free)} free", meaning)]


def _shared_memory() -> Finding:
    """Returns the finding about the semaphores that MAX's processes share, by making some."""
    name = "files.shared_memory"
    usage = read_room(SHARED_MEMORY)
    found = f"{SHARED_MEMORY}, {_size(usage.free)} free" if usage.total else "none"
    try:
        multiprocessing.get_context("spawn").Event()
    except (OSError, ImportError) as error:
        return Finding(
            AREA,
            name,
            f"{found}: {error}",
            "MAX's processes wait for each other at semaphores, which are kept there: the server "
            "does not start",
            "Give it some room: a larger tmpfs at /dev/shm; --shm-size of a container; in "
            "Kubernetes an emptyDir with medium: Memory mounted there.",
            "unfit",
        )
    return Finding(AREA, name, found, "semaphores of MAX's processes are kept there")


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
