"""Activations in MAX's operations, by the names in graphs and kernels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from max.graph import TensorValue, ops


def relu(x: TensorValue) -> TensorValue:
    """Returns the larger of each number and 0, and NaN for NaN.

    ``ops.relu`` makes 0 of NaN, and an overflow would not show in the logits.
    """
    larger: TensorValue = (x + ops.abs(x)) * 0.5
    return larger


def tanh(x: TensorValue) -> TensorValue:
    """Returns the hyperbolic tangent of each number, and NaN for NaN, of which ``ops`` makes 1."""
    return ops.where(ops.is_nan(x), x, ops.tanh(x))


ACTIVATION_OPS: dict[str, Callable[[TensorValue], TensorValue]] = {
    "gelu": ops.gelu,  # the exact erf form
    "gelu_tanh": partial(ops.gelu, approximate="tanh"),
    "relu": relu,
    "silu": ops.silu,
    "tanh": tanh,
}
"""By the values of ``encoder_config.ACTIVATIONS``."""
