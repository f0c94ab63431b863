"""Memory that a process keeps without need, given back to the system once it is loaded.

What loading leaves free stays with the allocator. The pages of files that were read once stay with
the process: those of a mapped checkpoint, and the code of libraries that only the start runs.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path

# linux/mman.h
_MADV_DONTNEED = 4

_ALL_ARENAS = b"arena.4096.purge"
"""MALLCTL_ARENAS_ALL of jemalloc, with which ``max serve`` runs."""


def give_back() -> None:
    """Gives back what the allocator has free, and unchanged pages of files; Linux only.

    A page of a file that is used again is mapped again, from the system's cache or from the file.
    """
    if sys.platform != "linux":
        return
    gc.collect()
    library = ctypes.CDLL(None)
    if hasattr(library, "mallctl"):
        library.mallctl(_ALL_ARENAS, None, None, None, ctypes.c_size_t(0))
    elif hasattr(library, "malloc_trim"):  # glibc's own allocator; musl has none
        library.malloc_trim(ctypes.c_size_t(0))
    for start, size in _unchanged_mappings():
        library.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), _MADV_DONTNEED)


def _unchanged_mappings() -> list[tuple[int, int]]:
    """Returns address and size of the mappings of files that hold nothing but the files.

    A library's data that the loader relocated is read-only, too, and would be lost: its mapping has
    anonymous pages.
    """
    found: list[tuple[int, int]] = []
    candidate: tuple[int, int] | None = None
    try:
        lines = Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # an operator's sandbox hides it
        return found
    for line in lines:
        name, *values = line.split(maxsplit=5)
        if not name.endswith(":"):
            start, end = (int(address, 16) for address in name.split("-"))
            of_file = len(values) == 5 and values[4].startswith("/")
            candidate = (start, end - start) if of_file and "w" not in values[0] else None
        elif name == "Anonymous:" and values[0] == "0" and candidate:
            found.append(candidate)
    return found
