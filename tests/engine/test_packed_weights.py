"""Weights as the kernels read them."""

from __future__ import annotations

import numpy as np
import pytest

from distilbert_sentiment_arch.engine.packed_weights import (
    FIRST_PROJECTION,
    Packed,
    fill_tables,
    narrowed,
    panels,
)


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


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_tables_hold_the_projection_of_all_words_and_positions(dtype: type[np.floating]) -> None:
    generator = np.random.default_rng(7)
    gamma, projection = generator.standard_normal(20), generator.standard_normal((60, 20))
    packed: Packed = {"embeddings.gamma": gamma.astype(np.float32)}
    for name, rows in (("words", 9000), ("positions", 12)):
        packed[f"embeddings.{name}"] = (3 + generator.standard_normal((rows, 20))).astype(dtype)
        packed[f"blocks.0.{name}"] = np.zeros((rows, 60), np.float32)
    parts = np.split(projection.astype(np.float32), 3)
    fill_tables(packed, dict(zip(FIRST_PROJECTION, parts, strict=True)))
    for name in ("words", "positions"):
        embeddings = packed[f"embeddings.{name}"].astype(np.float64)
        centred = embeddings - embeddings.mean(-1, keepdims=True)
        np.testing.assert_allclose(
            packed[f"blocks.0.{name}"], (centred * gamma) @ projection.T, atol=1e-4
        )


def test_the_only_block_has_no_tables() -> None:
    packed: Packed = {"embeddings.words": np.ones((3, 2), np.float32)}
    fill_tables(packed, {})
    assert list(packed) == ["embeddings.words"]
