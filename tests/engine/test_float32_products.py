"""Products that keep float32's precision where the device rounds factors to TF32."""

from __future__ import annotations

import numpy as np
import pytest
from max.driver import CPU
from max.dtype import DType
from max.engine import InferenceSession
from max.graph import DeviceRef, Graph, TensorType

from distilbert_sentiment_arch.engine import float32_products
from distilbert_sentiment_arch.engine.float32_products import (
    product,
    rounds_to_tf32,
    split_product,
)
from scripts.accelerator_bounds import SplitTf32, Tf32, in_bfloat16, truncated

SHAPES = ((3, 7, 64), (3, 64, 5))


def factors(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    left, right = (generator.normal(0, 1, shape).astype(np.float32) for shape in SHAPES)
    return left, right


def relative_error(found: np.ndarray, left: np.ndarray, right: np.ndarray) -> float:
    """Returns the largest error, as a share of the largest sum that the products could have."""
    exact = left.astype(np.float64) @ right.astype(np.float64)
    most = np.abs(left).astype(np.float64) @ np.abs(right).astype(np.float64)
    return float((np.abs(found - exact) / most).max())


def traced(function: object) -> str:
    device = DeviceRef.CPU()
    types = [TensorType(DType.float32, shape, device) for shape in SHAPES]
    with Graph("product", input_types=types) as graph:
        graph.output(function(*(each.tensor for each in graph.inputs)))  # type: ignore[operator]
    return str(graph)


def test_a_cpu_computes_as_before() -> None:
    assert not rounds_to_tf32(DType.float32, DeviceRef.CPU())
    assert traced(product) == traced(lambda left, right: left @ right)


@pytest.mark.parametrize(
    ("api", "dtype", "expected"),
    [
        ("cuda", DType.float32, True),
        ("cuda", DType.bfloat16, False),
        ("hip", DType.float32, False),
        ("metal", DType.float32, False),
    ],
)
def test_only_float32_on_nvidia_is_split(
    monkeypatch: pytest.MonkeyPatch, api: str, dtype: DType, expected: bool
) -> None:
    monkeypatch.setattr(float32_products, "accelerator_api", lambda: api)
    assert rounds_to_tf32(dtype, DeviceRef.GPU()) is expected


@pytest.mark.slow
def test_three_products_are_the_product() -> None:
    device = DeviceRef.CPU()
    types = [TensorType(DType.float32, shape, device) for shape in SHAPES]
    with Graph("split_product", input_types=types) as graph:
        graph.output(split_product(*(each.tensor for each in graph.inputs)))
    model = InferenceSession(devices=[CPU()]).load(graph)
    left, right = factors()
    (found,) = model.execute(left, right)
    # Without rounding to TF32, what is left out is the product of both remainders.
    assert relative_error(found.to_numpy(), left, right) < 2**-17


def test_in_tf32_three_products_are_a_hundred_times_as_exact_as_one() -> None:
    """In NumPy, with factors cut as a tensor core cuts them: no device is needed to know this."""
    left, right = factors(1)
    one = truncated(left) @ truncated(right)
    split = SplitTf32({}, None).product(left, right)  # type: ignore[arg-type]
    assert np.array_equal(Tf32({}, None).product(left, right), one)  # type: ignore[arg-type]
    assert 2**-14 < relative_error(one, left, right) < 2**-9
    assert relative_error(split, left, right) < 2**-17


def test_numbers_of_bfloat16_and_tf32() -> None:
    numbers = np.array([1, 1 + 2**-7, 1 + 2**-8, 1 + 2**-10, 1 + 2**-11, -3.3e38], np.float32)
    assert in_bfloat16(numbers)[:5].tolist() == [1, 1 + 2**-7, 1, 1, 1]
    assert truncated(numbers)[:5].tolist() == [1, 1 + 2**-7, 1 + 2**-8, 1 + 2**-10, 1]
    assert np.array_equal(truncated(in_bfloat16(numbers)), in_bfloat16(numbers))
