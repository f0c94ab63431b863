"""Matrices and vectors in the layout that the kernels read: panels of 64 columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.engine.aligned_memory import aligned

PANEL = 64
"""Columns of a panel; ``kernels/tile.mojo`` has the same number."""

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]
Packed = dict[str, npt.NDArray[np.number]]

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


def add_linear(packed: Packed, prefix: str, weight: Floats, bias: Floats) -> None:
    """Adds a linear layer that is computed in float32."""
    packed[f"{prefix}panels"] = narrowed(panels(weight))
    packed[f"{prefix}bias"] = whole_panels(bias)


def add_norm(packed: Packed, name: str, weights: Weights, norm: str) -> None:
    """Adds the gamma and the beta of a norm."""
    packed[f"{name}.gamma"], packed[f"{name}.beta"] = layer(weights, norm)
