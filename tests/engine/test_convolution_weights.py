"""A convolution's weights as those of a linear layer, against the oracle's convolution."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_encoders import SMALL

from distilbert_sentiment_arch.engine.convolution_weights import convolution_weights
from scripts.oracle.deberta_v2 import convolution


@pytest.mark.parametrize("length", [1, 2, 9])
@pytest.mark.parametrize(("size", "groups"), [(1, 1), (3, 1), (3, 20), (5, 4)])
def test_the_linear_layer_on_neighbouring_rows_is_the_convolution(
    size: int, groups: int, length: int
) -> None:
    config = replace(SMALL, conv_kernel_size=size, conv_groups=groups)
    dim, width = config.hidden_size, config.conv_group_size
    generator = np.random.default_rng(size + groups)
    weight = generator.standard_normal((dim, width, size), np.float32)
    bias, gamma, beta = generator.standard_normal((3, dim), np.float32)
    name = "encoder.convolution"
    packed = convolution_weights(
        {
            f"{name}.weight": weight,
            f"{name}.bias": bias,
            f"{name}.layer_norm.weight": gamma,
            f"{name}.layer_norm.bias": beta,
        },
        config,
    )
    x = generator.standard_normal((length, dim))
    padded = np.pad(x, ((size // 2, size // 2), (0, 0)))
    rows = np.array([padded[place : place + size].ravel() for place in range(length)])
    panels = packed["blocks.convolution.linear.panels"]  # (1, depth, 64)
    found = (rows @ panels[0] + packed["blocks.convolution.linear.bias"])[:, :dim]
    expected = convolution(x, weight.astype(np.float64), bias.astype(np.float64))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(packed["blocks.convolution.norm.gamma"], gamma)
    np.testing.assert_array_equal(packed["blocks.convolution.norm.beta"], beta)
