"""Cosines and sines of positions, against the rotation of complex numbers in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_encoders import SMALL

from distilbert_sentiment_arch.engine.rotary_positions import rotary_table
from scripts.oracle.modernbert import rotate

CONFIG = replace(
    SMALL,
    hidden_size=24,
    max_position_embeddings=300,
    rotary_theta=160_000.0,
    local_rotary_theta=10_000.0,
)


@pytest.mark.parametrize(("local", "theta"), [(False, 160_000.0), (True, 10_000.0)])
def test_rows_are_cosines_and_sines_of_the_position(*, local: bool, theta: float) -> None:
    table = rotary_table(CONFIG, local=local)
    assert table.shape == (300, 12)
    wanted = rotate(np.tile([1.0] * 6 + [0.0] * 6, (300, 1)), theta)
    np.testing.assert_allclose(table, wanted, atol=3e-5)  # angles of up to 300 in float32
    np.testing.assert_array_equal(table[0], [1] * 6 + [0] * 6)
