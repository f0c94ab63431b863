"""Layer norm against NumPy in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from scripts.oracle.encoder import Norm

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("epsilon", [1e-12, 1e-5, 0.5])
@pytest.mark.parametrize(("rows", "dim"), [(1, 1), (1, 384), (15, 20), (17, 16), (300, 33)])
def test_rows_of_any_width(kernels: Kernels, rows: int, dim: int, epsilon: float) -> None:
    generator = np.random.default_rng(rows + dim)
    x = 3 + generator.standard_normal((rows, dim), np.float32)
    gamma, beta = generator.standard_normal((2, dim), np.float32)
    found = kernels["layer_norm"](x, gamma, beta, epsilon)
    expected = Norm(gamma, beta, epsilon)(x.astype(np.float64))
    np.testing.assert_allclose(found, expected, atol=1e-5)
