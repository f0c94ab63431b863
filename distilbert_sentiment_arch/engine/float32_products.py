"""Products of float32 matrices that keep float32's precision on NVIDIA's GPUs, too.

MAX 26.7 computes them there on tensor cores, which round each factor to TF32: 10 bits of its 23 are
left, and nothing switches that off. Each factor is therefore the sum of two numbers that TF32 holds
(nearly) whole, and a product three of theirs. Ootomo and Yokota 2022
(https://arxiv.org/abs/2203.03341) describe the method. Everywhere else a product is MAX's own.
"""

from __future__ import annotations

from max.driver import accelerator_api
from max.dtype import DType
from max.graph import DeviceRef, TensorValue
from max.nn import linear as max_linear

TF32_API = "cuda"
"""The API of devices on which MAX computes float32 products in TF32."""


def rounds_to_tf32(dtype: DType, device: DeviceRef) -> bool:
    """Whether MAX's own product of such matrices has TF32's precision.

    Args:
        dtype: Of both matrices.
        device: Where they are.
    """
    return dtype == DType.float32 and device.is_gpu() and accelerator_api() == TF32_API


def product(left: TensorValue, right: TensorValue) -> TensorValue:
    """Returns the product of two (batches of) matrices in the precision of their dtype."""
    if rounds_to_tf32(left.dtype, left.device):
        return split_product(left, right)
    return left @ right


def split_product(left: TensorValue, right: TensorValue) -> TensorValue:
    """Returns the product of two (batches of) float32 matrices as three products.

    Rounded to TF32, a product of two numbers is off by up to ``2**-10`` of itself; as three
    products, by up to ``2**-17``. What is left out is the product of both remainders.
    """
    high, low = _halves(left)
    other_high, other_low = _halves(right)
    return high @ other_high + (high @ other_low + low @ other_high)


def _halves(matrix: TensorValue) -> tuple[TensorValue, TensorValue]:
    """Returns a matrix rounded to bfloat16, whose numbers TF32 has, and what is left of it."""
    high = matrix.cast(DType.bfloat16).cast(DType.float32)
    return high, matrix - high


class Linear(max_linear.Linear):
    """MAX's linear layer with the product of this module."""

    def __call__(self, x: TensorValue) -> TensorValue:
        """Returns ``x @ weight.T + bias``, ``(..., out_dim)``, in the dtype of ``x``."""
        if not rounds_to_tf32(x.dtype, x.device):
            return super().__call__(x)
        result = split_product(x, self.weight.to(x.device).T)
        return result if self.bias is None else result + self.bias.to(x.device)
