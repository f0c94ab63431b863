"""Weights and numbers as operands of kernels."""

from __future__ import annotations

import numpy as np
import pytest
from max.dtype import DType

from distilbert_sentiment_arch.engine.kernel_calls import KERNELS, weight


@pytest.mark.parametrize(
    ("dtype", "read_as"),
    [
        (np.float32, DType.float32),
        (np.float16, DType.float16),
        (np.int8, DType.int8),
        (np.uint8, DType.uint8),
    ],
)
def test_a_weight_has_the_dtype_and_the_shape_of_what_was_packed(
    dtype: type[np.number], read_as: DType
) -> None:
    found = weight({"blocks.up_panels": np.zeros((2, 16, 256), dtype)}, "blocks.up_panels")
    assert found.name == "up_panels"
    assert found.dtype == read_as
    assert [int(each) for each in found.shape] == [2, 16, 256]


def test_a_dtype_that_no_kernel_reads_is_refused() -> None:
    message = r"weight head\.bias is float64, and the kernels read float32, float16, .*\. Cast it"
    with pytest.raises(TypeError, match=message):
        weight({"head.bias": np.zeros(64)}, "head.bias")


def test_the_kernels_are_beside_the_engine() -> None:
    assert (KERNELS / "__init__.mojo").is_file()
