"""Symmetric int8 quantisation of a matrix, a scale for each of its rows.

The one definition of it in this package: a checkpoint that ``max-sentiment quantize`` writes, and a
float checkpoint that is quantised while it is loaded, hold the same integers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

LARGEST = 127
"""The largest quantised value; -128 is not used, so that zero is in the middle."""

# Values at a time: the temporary arrays stay small, whatever the size of the matrix.
_VALUES_AT_A_TIME = 1 << 20


def quantize_rows(
    matrix: npt.NDArray[np.floating],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Quantises each row by its largest magnitude.

    In float32: ``scale = max|row| / 127``, ``value = rint(row / scale)``, halves to the even
    neighbour. A row of zeros has the scale 1. A row whose scale is less than float32's smallest
    normal number is read as zeros: what is left of its precision would not come back the same.

    Quantising what ``dequantize_rows`` returns gives the same values again.

    Args:
        matrix: Shape ``(rows, depth)``, finite; computed in float32.

    Returns:
        Values within [-127, 127] of shape ``(rows, depth)``, scales of shape ``(rows,)``.
    """
    rows, depth = matrix.shape
    values = np.empty((rows, depth), np.int8)
    scales = np.empty(rows, np.float32)
    for chunk in _chunks(rows, depth):
        part = np.asarray(matrix[chunk], np.float32)
        scale = np.abs(part).max(axis=1, initial=0) / np.float32(LARGEST)
        tiny = scale < np.finfo(np.float32).tiny
        scale[tiny] = 1
        quantised = np.rint(part / scale[:, None])
        quantised[tiny] = 0
        scales[chunk] = scale
        values[chunk] = np.clip(quantised, -LARGEST, LARGEST)
    return values, scales


def dequantize_rows(
    values: npt.NDArray[np.int8], scales: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Returns ``values * scales[:, None]`` in float32.

    Args:
        values: Shape ``(rows, depth)``.
        scales: Shape ``(rows,)``.
    """
    return np.multiply(values, scales[:, None], dtype=np.float32)


def _chunks(rows: int, depth: int) -> Iterator[slice]:
    step = max(1, _VALUES_AT_A_TIME // max(1, depth))
    for start in range(0, rows, step):
        yield slice(start, start + step)
