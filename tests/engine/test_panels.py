"""Matrices and vectors as panels of 64 columns."""

from __future__ import annotations

import numpy as np
import pytest

from distilbert_sentiment_arch.engine.panels import (
    halved,
    layer,
    linear_panels,
    narrowed,
    panels,
    side_by_side,
    split_panels,
    whole_panels,
)


@pytest.mark.parametrize("columns", [1, 63, 64, 65, 200])
def test_panels_hold_64_columns_interleaved(columns: int) -> None:
    weight = np.random.default_rng(columns).standard_normal((columns, 5), np.float32)
    packed = panels(weight)
    assert packed.shape == (-(-columns // 64), 5, 64)
    for column in range(packed.shape[0] * 64):
        expected = weight[column] if column < columns else np.zeros(5)
        np.testing.assert_array_equal(packed[column // 64, :, column % 64], expected)


def test_weights_are_narrowed_to_float16_only_without_loss() -> None:
    exact = np.array([1, 0.5, -2.25, 2**-14, 65504], np.float32)
    assert narrowed(exact).dtype == np.float16
    for inexact in (0.1, 1e-9, 70000.0):
        array = np.append(exact, np.float32(inexact))
        assert narrowed(array) is array


def test_weights_are_halved_unless_one_is_too_large_for_float16() -> None:
    array = np.array([0.1, 1e-9, -65504], np.float32)
    np.testing.assert_array_equal(halved(array), array.astype(np.float16))
    array = np.append(array, np.float32(65505))
    assert halved(array) is array
    array[3] = np.nan
    assert halved(array) is array


@pytest.mark.parametrize("length", [1, 63, 64, 65])
def test_vectors_are_as_long_as_panels_are_wide(length: int) -> None:
    padded = whole_panels(np.arange(1, length + 1, dtype=np.float32))
    assert len(padded) % 64 == 0
    assert len(padded) < length + 64
    np.testing.assert_array_equal(padded[:length], np.arange(1, length + 1))
    assert not padded[length:].any()


def test_a_missing_bias_is_zeros_beside_another() -> None:
    weights = {
        "a.weight": np.ones((2, 3), np.float32),
        "b.weight": np.full((1, 3), 2, np.float32),
        "b.bias": np.array([5], np.float32),
    }
    weight, bias = side_by_side(layer(weights, "a"), layer(weights, "b"))
    assert weight.tolist() == [[1, 1, 1], [1, 1, 1], [2, 2, 2]]
    assert bias.tolist() == [0, 0, 5]


@pytest.mark.parametrize(("columns", "depth"), [(1, 32), (64, 64), (130, 96)])
def test_an_entry_of_split_panels_has_two_parts_of_two_numbers(columns: int, depth: int) -> None:
    weight = np.random.default_rng(columns).standard_normal((columns, depth), np.float32)
    found = split_panels(weight)
    assert found.shape == (-(-columns // 64), depth, 64)
    assert found.ctypes.data % 64 == 0
    # (panels, steps, tiles of 16 columns, high or low, pairs, columns), two numbers in an entry
    entries = found.reshape(-1, depth // 32, 4, 2, 16, 16)
    numbers = np.stack([entries << np.uint32(16), entries & np.uint32(0xFFFF0000)]).view(np.float32)
    high, low = numbers[:, :, :, :, 0], numbers[:, :, :, :, 1]
    # to (columns, depth)
    of_columns = (high + low).transpose(1, 3, 5, 2, 0, 4).reshape(-1, depth)
    np.testing.assert_allclose(of_columns[:columns], weight, rtol=2**-16, atol=0)
    assert not of_columns[columns:].any()
    assert (np.abs(low) <= np.abs(high) * 2**-8).all()


def test_a_depth_that_cannot_be_split_stays_float32() -> None:
    weight = np.full((3, 33), 0.1, np.float32)
    assert linear_panels(weight, "bfloat16x3").dtype == np.float32
    assert linear_panels(weight[:, :32], "bfloat16x3").dtype == np.uint32
    assert linear_panels(weight[:, :32]).dtype == np.float32
