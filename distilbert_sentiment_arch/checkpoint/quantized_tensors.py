"""Quantised tensors of a checkpoint: which there are, and the checks of their scales.

A weight ``NAME.weight`` in int8 has its scales beside it: ``NAME.weight_scale``, float32, one for
each row, see ``quantization``. docs/checkpoints.md has the layout for users.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.quantization import LARGEST
from distilbert_sentiment_arch.checkpoint.tensor_values import DtypeAndShape
from distilbert_sentiment_arch.errors import TensorError
from distilbert_sentiment_arch.messages import shown

SCALE_SUFFIX = "_scale"

INTEGERS = "I8"
"""The dtype of quantised values, as safetensors spells it."""

SCALES = "F32"
"""The dtype of scales, likewise."""

REMEDY = "Quantise the float checkpoint again: max-sentiment quantize MODEL OUTPUT."


def scale_names(tensors: Mapping[str, DtypeAndShape], source: str) -> dict[str, str]:
    """Returns the name of the scales of each quantised weight, by the weight's name.

    Args:
        tensors: All tensors of a checkpoint, by name.
        source: The file or directory, for messages.

    Raises:
        TensorError: A quantised weight has no scales or is no matrix, or scales have no quantised
            weight, another shape or another dtype.
    """
    scales: dict[str, str] = {}
    for name, tensor in tensors.items():
        if tensor.dtype != INTEGERS:
            continue
        scale = name + SCALE_SUFFIX
        if len(tensor.shape) != 2 or not name.endswith(".weight"):
            raise TensorError(
                f"{source}: tensor {shown(name)} of shape {shown(list(tensor.shape))} is int8, and "
                f"only matrices that are named .weight are quantised. {REMEDY}"
            )
        if scale not in tensors:
            raise TensorError(
                f"{source}: tensor {shown(name)} is int8, and its scales, {shown(scale)}, are "
                f"missing. {REMEDY}"
            )
        scales[name] = scale
    for name, tensor in tensors.items():
        weight = name.removesuffix(SCALE_SUFFIX)
        if not name.endswith(f".weight{SCALE_SUFFIX}"):
            continue
        if weight not in scales:
            found = tensors[weight].dtype if weight in tensors else "missing"
            raise TensorError(
                f"{source}: tensor {shown(name)} holds scales, and {shown(weight)} is "
                f"{shown(found)}, not {INTEGERS}. {REMEDY}"
            )
        rows = tensors[weight].shape[0]
        if tensor.dtype != SCALES or tensor.shape != (rows,):
            raise TensorError(
                f"{source}: the scales {shown(name)} are {tensor.dtype} of shape "
                f"{shown(list(tensor.shape))}, and should be {SCALES} of shape [{rows}], one for "
                f"each row of {shown(weight)}. {REMEDY}"
            )
    return scales


def check_scales(scales: npt.NDArray[np.float32], name: str, source: str) -> None:
    """Checks the values of scales.

    Args:
        scales: The scales.
        name: Their name.
        source: The file or directory, for messages.

    Raises:
        TensorError: One is NaN, infinite, zero, negative or so large that a weight is infinite.
    """
    largest = float(np.finfo(np.float32).max) / LARGEST
    wrong = ~((scales > 0) & (scales <= largest))  # NaN is neither
    if wrong.any():
        row = int(wrong.argmax())
        raise TensorError(
            f"{source}: the scale of row {row} in {shown(name)} is {scales[row]:g}, and a scale is "
            f"a positive number up to {largest:g}. {REMEDY}"
        )
