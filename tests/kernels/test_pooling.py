"""The mean of each sequence's tokens, as a kernel, against NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("lengths", [[1], [3, 1, 700], [9] * 30], ids=str)
@pytest.mark.parametrize("dim", [5, 64, 100])
def test_mean_of_each_sequence(kernels: Kernels, lengths: list[int], dim: int) -> None:
    x = np.random.default_rng(dim).standard_normal((sum(lengths), dim), np.float32)
    sequences = np.split(x, np.cumsum(lengths)[:-1])
    batch = np.zeros(len(lengths), np.float32)
    found = kernels["mean"](x, np.cumsum([0, *lengths]), batch)
    wanted = [each.mean(0, dtype=np.float64) for each in sequences]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    alone = [kernels["mean"](each, np.array([0, len(each)]), batch[:1])[0] for each in sequences]
    np.testing.assert_array_equal(found, alone)
