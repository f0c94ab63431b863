"""Directories: whether they can be written to, and what room they have."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """The room of a directory, or of the nearest one above it that is there.

    Attributes:
        path: The directory that was asked for.
        total: Bytes of its file system; 0 if it does not say.
        free: Bytes that are free.
        error: Why nothing can be written to it; empty if it can be.
    """

    path: Path
    total: int = 0
    free: int = 0
    error: str = ""


def read_room(path: Path) -> Room:
    """Returns the room of a directory; whether it can be written to is tried with a file."""
    existing = path
    while not os.path.exists(existing) and existing != existing.parent:
        existing = existing.parent
    try:
        usage = shutil.disk_usage(existing)
    except OSError as error:
        return Room(path, error=error.strerror or str(error))
    try:
        # A file of its own, without a name in the directory where the system has such files.
        with tempfile.TemporaryFile(dir=existing) as trial:
            trial.write(b"trial")
            trial.flush()
    except OSError as error:
        return Room(path, usage.total, usage.free, error.strerror or str(error))
    return Room(path, usage.total, usage.free)
