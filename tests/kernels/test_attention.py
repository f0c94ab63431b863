"""Attention over packed sequences against NumPy in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import softmax

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow

LENGTHS = [
    [1],
    [2, 1],
    [6, 7, 5],
    [63],
    [64, 65],
    [512],
    [1, 500, 3, 2, 1, 9],
    [17] * 20,
]


def attention(
    queries: npt.NDArray[np.float64], keys: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    weights: npt.NDArray[np.float64] = softmax(queries @ keys.T, axis=-1)
    return weights @ values


def expected(
    queries: npt.NDArray[np.float32],
    query_starts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.float32],
    starts: npt.NDArray[np.int64],
    heads: int,
    dim: int,
) -> npt.NDArray[np.float64]:
    width = dim // heads
    wide = rows.astype(np.float64)
    keys, values = wide[:, -2 * dim : -dim], wide[:, -dim:]
    result = np.zeros((len(queries), dim))
    for index in range(len(starts) - 1):
        of_queries = slice(query_starts[index], query_starts[index + 1])
        of_keys = slice(starts[index], starts[index + 1])
        for head in range(heads):
            columns = slice(head * width, (head + 1) * width)
            result[of_queries, columns] = attention(
                queries[of_queries].astype(np.float64)[:, columns],
                keys[of_keys, columns],
                values[of_keys, columns],
            )
    return result


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("heads", "dim"), [(1, 20), (3, 48), (3, 192), (1, 96), (3, 3)])
def test_every_token_asks(kernels: Kernels, lengths: list[int], heads: int, dim: int) -> None:
    generator = np.random.default_rng(sum(lengths) + dim)
    starts = np.cumsum([0, *lengths])
    rows = generator.standard_normal((sum(lengths), 3 * dim), np.float32)
    rows[:, :dim] /= (dim // heads) ** 0.5
    found = kernels[f"attention_{heads}"](rows, starts, rows, starts, np.zeros(dim, np.float32))
    wanted = expected(rows, starts, rows, starts, heads, dim)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_only_the_first_token_asks(kernels: Kernels, lengths: list[int]) -> None:
    generator = np.random.default_rng(sum(lengths))
    heads, dim = 3, 48
    starts, one_each = np.cumsum([0, *lengths]), np.arange(len(lengths) + 1)
    rows = generator.standard_normal((sum(lengths), 2 * dim), np.float32)
    queries = generator.standard_normal((len(lengths), dim), np.float32)
    found = kernels["attention_3"](queries, one_each, rows, starts, np.zeros(dim, np.float32))
    wanted = expected(queries, one_each, rows, starts, heads, dim)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_scores_of_any_size(kernels: Kernels) -> None:
    generator = np.random.default_rng(3)
    rows = generator.standard_normal((70, 60), np.float32)
    rows[:, :40] *= 40  # scores in the thousands: one weight is 1, the others vanish
    starts = np.array([0, 70])
    found = kernels["attention_1"](rows, starts, rows, starts, np.zeros(20, np.float32))
    np.testing.assert_allclose(found, expected(rows, starts, rows, starts, 1, 20), atol=1e-3)
