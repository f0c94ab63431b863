"""Arrays at the start of a cache line."""

from __future__ import annotations

import numpy as np
import pytest

from distilbert_sentiment_arch.engine.aligned_memory import CACHE_LINE, LARGE, aligned, empty


@pytest.mark.parametrize("shape", [(1,), (3, 5), (LARGE // 4, 1), (3, LARGE // 8)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8])
def test_arrays_start_at_a_cache_line(shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    for _ in range(3):
        array = empty(shape, np.dtype(dtype))
        assert array.ctypes.data % CACHE_LINE == 0
        assert (array.shape, array.dtype) == (shape, dtype)
        assert array.flags.c_contiguous
        assert array.flags.writeable


@pytest.mark.parametrize("rows", [3, LARGE // 32])
def test_a_copy_has_the_same_numbers(rows: int) -> None:
    transposed = np.arange(8 * rows, dtype=np.float32).reshape(8, rows).T
    copy = aligned(transposed)
    np.testing.assert_array_equal(copy, transposed)
    assert not np.shares_memory(copy, transposed)
    assert copy.ctypes.data % CACHE_LINE == 0


def test_memory_outlives_what_made_it() -> None:
    arrays = [aligned(np.full(LARGE // 4, number, np.float32)) for number in range(4)]
    for number, array in enumerate(arrays):
        assert (array == number).all()
