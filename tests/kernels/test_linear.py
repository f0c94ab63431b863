"""The kernels of linear layers, against NumPy in float64; test_activation.py has activations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from distilbert_sentiment_arch.engine.panels import PANEL, panels
from scripts.oracle import encoder as oracle

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow

# Rows near the tile of 6, columns near the width of a panel, depths near that of a panel's part,
# and rows of more than one band.
SHAPES = [
    (1, 1, 1),
    (1, 384, 1152),
    (2, 17, 63),
    (3, 64, 64),
    (5, 37, 65),
    (6, 20, 129),
    (7, 768, 768),
    (95, 33, 2),
    (96, 48, 80),
    (97, 5, 130),
    (512, 96, 200),
    (13, 97, 70),
    (190, 769, 130),
    (1000, 64, 320),
]


class Layer:
    """A random linear layer and its output computed with NumPy."""

    def __init__(self, rows: int, depth: int, columns: int, dtype: type[np.floating]) -> None:
        generator = np.random.default_rng(rows * depth + columns)
        self.x = generator.standard_normal((rows, depth), np.float32)
        weight = generator.standard_normal((columns, depth)).astype(np.float16)
        weight /= np.float16(max(1, depth**0.5))
        bias = generator.standard_normal(columns, np.float32)
        self.panels = panels(weight.astype(np.float32)).astype(dtype)
        self.bias = np.pad(bias, (0, -columns % PANEL))
        self.columns = np.zeros(columns, np.float32)
        self.expected = self.x.astype(np.float64) @ weight.T.astype(np.float64) + bias


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_any_shape(kernels: Kernels, shape: tuple[int, int, int], dtype: type[np.floating]) -> None:
    layer = Layer(*shape, dtype)
    run = kernels[f"linear_none_{8 * np.dtype(dtype).itemsize}"]
    found = run(layer.x, layer.panels, layer.bias, layer.columns)
    np.testing.assert_allclose(found, layer.expected, atol=2e-5)


def test_an_activation_follows(kernels: Kernels) -> None:
    layer = Layer(31, 40, 150, np.float32)
    arrays = (layer.x, layer.panels, layer.bias, layer.columns)
    found, plain = kernels["linear_gelu_32"](*arrays), kernels["linear_none_32"](*arrays)
    gelu = oracle.ACTIVATIONS["gelu"]
    np.testing.assert_allclose(found, gelu(plain.astype(np.float64)), atol=2e-6)


@pytest.mark.parametrize("activation", ["none", "gelu"])
def test_nan_stays_nan(kernels: Kernels, activation: str) -> None:
    x = np.array([[np.nan], [2.0], [-2.0]] * 9, dtype=np.float32)
    identity, bias = panels(np.ones((1, 1), np.float32)), np.zeros(PANEL, np.float32)
    found = kernels[f"linear_{activation}_32"](x, identity, bias, np.zeros(1, np.float32))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(x))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_nan_stays_nan_in_operations_of_max(kernels: Kernels, activation: str) -> None:
    x = np.linspace(-9, 9, 501, dtype=np.float32)
    x[::100] = np.nan
    found = kernels[f"max_{activation}"](x)
    np.testing.assert_allclose(
        found, oracle.ACTIVATIONS[activation](x.astype(np.float64)), atol=2e-6
    )


def test_rows_do_not_depend_on_each_other(kernels: Kernels) -> None:
    layer = Layer(200, 96, 100, np.float32)
    run = kernels["linear_gelu_32"]
    together = run(layer.x, layer.panels, layer.bias, layer.columns)
    for row in (0, 5, 6, 97, 199):
        alone = run(layer.x[row : row + 1], layer.panels, layer.bias, layer.columns)
        np.testing.assert_array_equal(alone[0], together[row])
