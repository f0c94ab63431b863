"""Embeddings of packed tokens against NumPy in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("lengths", [[1], [3, 1, 40], [512], [1] * 33, [7, 200, 1, 2]], ids=str)
@pytest.mark.parametrize("dim", [1, 20, 64, 384])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_words_and_positions(
    kernels: Kernels, lengths: list[int], dim: int, dtype: type[np.floating]
) -> None:
    generator = np.random.default_rng(sum(lengths) + dim)
    words = generator.standard_normal((101, dim)).astype(dtype)
    positions = generator.standard_normal((512, dim), np.float32)
    gamma, beta = generator.standard_normal((2, dim), np.float32)
    ids = generator.integers(0, 101, sum(lengths))
    found = kernels[f"embed_{8 * words.itemsize}"](
        ids, np.cumsum([0, *lengths]), words, positions, gamma, beta
    )
    places = np.concatenate([np.arange(length) for length in lengths])
    summed = words[ids].astype(np.float64) + positions[places]
    centred = summed - summed.mean(-1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * gamma + beta
    np.testing.assert_allclose(found, expected, atol=1e-4)
