"""Quantisation of rows, against the definition computed with exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from distilbert_sentiment_arch.checkpoint.quantization import dequantize_rows, quantize_rows


def random_matrix(seed: int, magnitude: float = 1.0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return (generator.standard_normal((40, 17)) * magnitude).astype(np.float32)


def test_scales_and_values_by_their_definition() -> None:
    matrix = random_matrix(0)
    values, scales = quantize_rows(matrix)
    assert (values.dtype, scales.dtype, scales.shape) == (np.int8, np.float32, (40,))
    for row, quantised, scale in zip(matrix, values, scales, strict=True):
        assert scale == np.float32(np.abs(row).max()) / np.float32(127)
        for weight, value in zip(row, quantised, strict=True):
            exact = Fraction(float(weight)) / Fraction(float(scale))
            # Half a step, and what the division is rounded by.
            assert abs(exact - int(value)) <= Fraction(1, 2) + Fraction(1, 10**5)


def test_halves_go_to_the_even_neighbour() -> None:
    values, scales = quantize_rows(np.array([[127, 0.5, 1.5, 2.5, -0.5, -1.5]], np.float32))
    assert scales == 1
    assert values.tolist() == [[127, 0, 2, 2, 0, -2]]


@pytest.mark.parametrize("magnitude", [1e-35, 1e-10, 1, 1e10, 1e36])
def test_what_was_dequantised_gives_the_same_values(magnitude: float) -> None:
    for seed in range(100):
        values, scales = quantize_rows(random_matrix(seed, magnitude))
        assert np.abs(values).max(axis=1).tolist() == [127] * 40
        again, _ = quantize_rows(dequantize_rows(values, scales))
        np.testing.assert_array_equal(again, values)


def test_rows_without_a_scale_are_zeros() -> None:
    matrix = np.array([[0, 0], [1e-44, -1e-40], [-1, 0.5]], np.float32)
    values, scales = quantize_rows(matrix)
    assert values.tolist() == [[0, 0], [0, 0], [-127, 64]]
    assert scales[:2].tolist() == [1, 1]
    np.testing.assert_array_equal(dequantize_rows(values, scales)[:2], np.zeros((2, 2)))


def test_a_matrix_larger_than_a_chunk_and_an_empty_one() -> None:
    generator = np.random.default_rng(0)
    matrix = generator.standard_normal((5, 2**19)).astype(np.float32)
    values, scales = quantize_rows(matrix)
    for index in range(5):
        row, scale = quantize_rows(matrix[index : index + 1])
        np.testing.assert_array_equal(values[index : index + 1], row)
        assert scales[index] == scale[0]
    assert quantize_rows(np.zeros((0, 4), np.float32))[0].shape == (0, 4)
    assert quantize_rows(np.zeros((3, 0), np.float32))[1].tolist() == [1, 1, 1]


def test_float16_is_computed_in_float32() -> None:
    matrix = random_matrix(1).astype(np.float16)
    for half, single in zip(
        quantize_rows(matrix), quantize_rows(matrix.astype(np.float32)), strict=True
    ):
        np.testing.assert_array_equal(half, single)
