"""Rows of tokens beside their neighbours', against the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow


# Sequences of one token and shorter than the neighbourhood, more tokens than a piece of work has,
# widths that no vector and that every vector divides, and pieces for several cores.
@pytest.mark.parametrize("columns", [1, 20, 64])
@pytest.mark.parametrize("size", [1, 3, 5, 31])
@pytest.mark.parametrize("lengths", [(1,), (2, 1, 3), (15, 1, 18, 40), (300, 7)], ids=str)
def test_a_row_is_beside_those_around_it_in_its_sequence(
    kernels: Kernels, lengths: tuple[int, ...], size: int, columns: int
) -> None:
    generator = np.random.default_rng(size)
    sequences = [generator.standard_normal((length, columns), np.float32) for length in lengths]
    starts = np.cumsum([0, *lengths])
    wide = np.zeros(size * columns, np.float32)
    found = kernels["unfold"](np.concatenate(sequences), starts, wide)
    around = [np.pad(rows, ((size // 2, size // 2), (0, 0))) for rows in sequences]
    expected = [
        rows[place : place + size].ravel()
        for rows, length in zip(around, lengths, strict=True)
        for place in range(length)
    ]
    np.testing.assert_array_equal(found, expected)
