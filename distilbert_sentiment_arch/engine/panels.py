"""Matrices and vectors in the layout that the kernels read: panels of 64 columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.engine.aligned_memory import aligned, empty
from distilbert_sentiment_arch.settings.precision import Precision

PANEL = 64
"""Columns of a panel; ``kernels/tile.mojo`` has the same number."""

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]
Packed = dict[str, npt.NDArray[np.number]]

SPLIT_STEP = 32
"""Depth that is multiplied at once in bfloat16x3; ``kernels/split.mojo`` has the same number."""

_UPPER, _HALF, _SHIFT = np.uint32(0xFFFF0000), np.uint32(0x8000), np.uint32(16)
_NAN = np.uint32(0x7FC00000)

HIGHEST_FLOAT16 = float(np.finfo(np.float16).max)
"""The largest number that float16 holds."""


def panels(weight: Floats) -> Floats:
    """Returns a matrix ``(columns, depth)`` as panels ``(ceil(columns / 64), depth, 64)``.

    Columns beyond the matrix's own are 0.
    """
    columns, depth = weight.shape
    count = -(-columns // PANEL)
    padded = np.zeros((count * PANEL, depth), np.float32)
    padded[:columns] = weight
    return aligned(padded.reshape(count, PANEL, depth).transpose(0, 2, 1))


def split_panels(weight: Floats) -> npt.NDArray[np.uint32]:
    """Returns a matrix ``(columns, depth)`` as panels of numbers split into two of bfloat16.

    The shape is that of ``panels``; an entry holds two bfloat16 numbers, the first one in its lower
    half. They are in the order of ``kernels/split_products.mojo``: for each 32 of the depth and
    each 16 columns, 16 pairs of high parts and then 16 pairs of low parts, a pair for each column;
    the numbers of a pair are 16 apart.

    Args:
        weight: Float32; the depth is a multiple of ``SPLIT_STEP``.
    """
    columns, depth = weight.shape
    count, lanes = -(-columns // PANEL), SPLIT_STEP // 2
    result = empty(
        (count, depth // SPLIT_STEP, PANEL // lanes, 2, lanes, lanes), np.dtype(np.uint32)
    )
    for index in range(count):
        part = weight[index * PANEL : (index + 1) * PANEL]
        if len(part) < PANEL:
            part = np.pad(part, ((0, PANEL - len(part)), (0, 0)))
        part = np.ascontiguousarray(part, np.float32)
        high = (part.view(np.uint32) + _HALF) & _UPPER
        rest = part - high.view(np.float32)
        # Rounding could make a number of NaN's bits.
        low = np.where(np.isnan(rest), _NAN, rest.view(np.uint32) + _HALF)
        for plane, bits in enumerate((high, low)):
            # (tiles, columns of a tile, steps, two places of a pair, pairs)
            places = bits.reshape(PANEL // lanes, lanes, -1, 2, lanes)
            pairs = (places[:, :, :, 0] >> _SHIFT) | (places[:, :, :, 1] & _UPPER)
            result[index, :, :, plane] = pairs.transpose(2, 0, 3, 1)
    return result.reshape(count, depth, PANEL)


def linear_panels(weight: Floats, precision: Precision = "float32") -> npt.NDArray[np.number]:
    """Returns the panels of a linear layer that is computed in a precision, float32 or bfloat16x3.

    A layer whose depth is no multiple of ``SPLIT_STEP``, as no published model has one, is computed
    in float32.
    """
    if precision == "bfloat16x3" and weight.shape[1] % SPLIT_STEP == 0:
        return split_panels(weight)
    return narrowed(panels(weight))


def whole_panels(vector: Floats) -> Floats:
    """Returns a vector padded with zeros to a multiple of 64 numbers."""
    return np.pad(vector, (0, -len(vector) % PANEL))


def narrowed(array: Floats) -> npt.NDArray[np.floating]:
    """Returns an array in float16 where that changes no number: half the bytes are to be read."""
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float16)
    return aligned(narrow) if np.array_equal(narrow.astype(np.float32), array) else array


def halved(array: Floats) -> npt.NDArray[np.floating]:
    """Returns an array in float16, rounded; as it is where a number is too large for it."""
    return aligned(array.astype(np.float16)) if np.abs(array).max() <= HIGHEST_FLOAT16 else array


def layer(weights: Weights, name: str) -> tuple[Floats, Floats]:
    """Returns the weight and the bias of a linear layer, or the gamma and the beta of a norm.

    A missing bias is 0.
    """
    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    return weight, np.zeros(len(weight), np.float32) if bias is None else bias


def side_by_side(*linears: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Returns several linear layers of the same input as one."""
    weight, bias = (np.concatenate(each) for each in zip(*linears, strict=True))
    return weight, bias


def add_linear(
    packed: Packed,
    prefix: str,
    weight: Floats,
    bias: Floats,
    precision: Precision = "float32",
) -> None:
    """Adds a linear layer that is computed in float32 or bfloat16x3."""
    packed[f"{prefix}panels"] = linear_panels(weight, precision)
    packed[f"{prefix}bias"] = whole_panels(bias)


def add_norm(packed: Packed, name: str, weights: Weights, norm: str) -> None:
    """Adds the gamma and the beta of a norm."""
    packed[f"{name}.gamma"], packed[f"{name}.beta"] = layer(weights, norm)
