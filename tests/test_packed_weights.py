"""Weights as the kernels read them."""

from __future__ import annotations

import numpy as np
import pytest

from distilbert_sentiment_arch.packed_weights import narrowed, panels


@pytest.mark.parametrize("columns", [1, 63, 64, 65, 200])
def test_panels_hold_the_columns_one_behind_the_other(columns: int) -> None:
    weight = np.random.default_rng(columns).standard_normal((columns, 5), np.float32)
    packed = panels(weight)
    assert packed.shape == (-(-columns // 64), 5, 64)
    for column in range(packed.shape[0] * 64):
        expected = weight[column] if column < columns else np.zeros(5)
        np.testing.assert_array_equal(packed[column // 64, :, column % 64], expected)


def test_only_what_loses_nothing_is_narrowed() -> None:
    exact = np.array([1, 0.5, -2.25, 2**-14, 65504], np.float32)
    assert narrowed(exact).dtype == np.float16
    for inexact in (0.1, 1e-9, 70000.0):
        array = np.append(exact, np.float32(inexact))
        assert narrowed(array) is array
