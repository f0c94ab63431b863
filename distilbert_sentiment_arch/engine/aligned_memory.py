"""Arrays that start at a cache line, as the kernels' loads of whole vectors want them.

NumPy aligns arrays to 16 bytes. A vector of 64 bytes then lies in two cache lines, and each load of
weights is two.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from math import prod
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)

CACHE_LINE = 64
"""Bytes."""
LARGE = 1 << 21
"""Bytes from which an array has pages of its own, huge ones where Linux has them: a pass reads all
weights, and the hardware fetches ahead up to the end of a page."""


def empty(shape: tuple[int, ...], dtype: np.dtype[Number]) -> npt.NDArray[Number]:
    """Returns an array whose numbers are not set, at the start of a cache line."""
    size = prod(shape) * dtype.itemsize
    memory = _pages(size) if size >= LARGE else np.empty(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def aligned(array: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Returns a copy of an array at the start of a cache line."""
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def _pages(size: int) -> npt.NDArray[np.uint8]:
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without huge pages
            pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, np.uint8)
