"""Calls of the kernels in a graph, and the weights that they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from max.dtype import DType
from max.graph import DeviceRef, TensorType, TensorValue, Weight, ops

from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.settings.defaults import PACKAGE

KERNELS: Path = PACKAGE / "kernels"
"""Directory of the kernels' sources."""

CPU_DEVICE = DeviceRef.CPU()

_DTYPES = {
    np.dtype(np.float32): DType.float32,
    np.dtype(np.float16): DType.float16,
    np.dtype(np.uint32): DType.uint32,  # two bfloat16 numbers each, see split_panels
    np.dtype(np.int8): DType.int8,
    np.dtype(np.uint8): DType.uint8,  # the bytes of bfloat16 numbers
}


def weight(weights: Packed, name: str) -> Weight:
    """Returns a weight of the graph with the dtype and the shape of what was packed.

    Raises:
        TypeError: The kernels do not read its dtype.
    """
    array = weights[name]
    dtype = _DTYPES.get(array.dtype)
    if dtype is None:
        raise TypeError(
            f"weight {name} is {array.dtype}, and the kernels read "
            f"{', '.join(map(str, _DTYPES))}. Cast it before packing."
        )
    return Weight(name.rpartition(".")[2], dtype, array.shape, CPU_DEVICE)


def scalar(number: float, dtype: DType = DType.float32) -> TensorValue:
    """Returns a number as an operand of a kernel."""
    return ops.constant(number, dtype, device=CPU_DEVICE)


def call(
    name: str,
    values: list[Any],
    *results: TensorType,
    **parameters: bool | int | str | DType,
) -> TensorValue:
    """Returns the first result of a kernel; the others are its room to work in."""
    found = ops.custom(
        name, device=CPU_DEVICE, values=values, out_types=list(results), parameters=parameters
    )
    return found[0].tensor


def floats(*shape: Any) -> TensorType:
    """Returns the type of a float32 result."""
    return TensorType(DType.float32, shape, device=CPU_DEVICE)
