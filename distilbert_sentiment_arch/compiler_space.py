"""Choice of a temporary directory with free space, where some are full or read-only."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEEDED_BYTES = 32 * 1024 * 1024
"""Free space that a compilation needs: it writes about 15 MB to MAX's caches and 3 MB of result."""

# Those of Python's tempfile, and /dev/shm, which is in memory on Linux.
_DIRECTORIES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - only new names are made there


@contextmanager
def compiler_space() -> Iterator[Path]:
    """Creates a directory with room for a compiler, and removes it at the end of the context.

    Raises:
        OSError: No temporary directory has enough free space.
    """
    there = filter(Path.is_dir, temporary_directories())
    parent = next(filter(has_room, there), None)
    if parent is None:
        tried = ", ".join(map(str, temporary_directories()))
        raise OSError(
            errno.ENOSPC,
            f"a compiler needs {NEEDED_BYTES >> 20} MB and finds them in none of {tried}. Set "
            "TMPDIR to a directory with room.",
        )
    with tempfile.TemporaryDirectory(prefix="max-sentiment-", dir=parent) as directory:
        yield Path(directory)


def find_temporary_directory() -> None:
    """Sets TMPDIR for this process and its children if Python finds no temporary directory.

    Raises:
        OSError: No directory can be written to.
    """
    with suppress(FileNotFoundError):
        # Python falls back to the working directory, which must not collect MAX's sockets.
        if not os.path.samefile(tempfile.gettempdir(), os.curdir):
            return
    for directory in temporary_directories():
        with suppress(OSError), tempfile.TemporaryFile(dir=directory) as trial:
            trial.write(b"trial")
            trial.flush()
            os.environ["TMPDIR"] = tempfile.tempdir = str(directory)
            return
    tried = ", ".join(map(str, temporary_directories()))
    raise OSError(
        errno.EROFS, f"no temporary directory can be written to, of {tried}. Set TMPDIR to another."
    )


def has_room(directory: Path) -> bool:
    """Whether a directory, which need not exist yet, has room for a compiler's files."""
    while not os.path.exists(directory) and directory != directory.parent:
        directory = directory.parent
    try:
        free = shutil.disk_usage(directory).free
    except OSError:
        return False
    writable = os.path.isdir(directory) and os.access(directory, os.W_OK | os.X_OK)
    return writable and free >= NEEDED_BYTES


def temporary_directories() -> list[Path]:
    """Returns the directories that Python tries, without the working directory, and /dev/shm."""
    named = (os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return [Path(each) for each in (*named, *_DIRECTORIES) if each]
