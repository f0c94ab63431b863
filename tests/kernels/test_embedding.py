"""Embeddings of packed tokens against NumPy in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts.oracle.encoder import Norm

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow

LENGTHS = [[1], [3, 1, 40], [512], [1] * 33, [7, 200, 1, 2]]


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("dim", [1, 20, 64, 384])
@pytest.mark.parametrize("kernel", ["embed_32", "embed_16", "embed_types_16"])
@pytest.mark.parametrize("epsilon", [1e-12, 0.1])
def test_words_positions_and_types(
    kernels: Kernels, lengths: list[int], dim: int, kernel: str, epsilon: float
) -> None:
    generator = np.random.default_rng(sum(lengths) + dim)
    words = generator.standard_normal((101, dim)).astype(np.float16)
    positions = generator.standard_normal((512, dim), np.float32)
    types = generator.standard_normal((2, dim), np.float32)
    gamma, beta = generator.standard_normal((2, dim), np.float32)
    ids = generator.integers(0, 101, sum(lengths))
    first_segments = generator.integers(0, np.array(lengths) + 1)  # none, some or all of each
    found = kernels[kernel](
        *(ids, np.cumsum([0, *lengths]), first_segments),
        *(words.astype(np.float32 if kernel.endswith("32") else np.float16), positions, types),
        *(gamma, beta, epsilon),
    )
    places = np.concatenate([np.arange(length) for length in lengths])
    summed = words[ids].astype(np.float64) + positions[places]
    if kernel == "embed_types_16":
        summed += types[(places >= np.repeat(first_segments, lengths)).astype(int)]
    expected = Norm(gamma, beta, epsilon)(summed)
    np.testing.assert_allclose(found, expected, atol=1e-4)
