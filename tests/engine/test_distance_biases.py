"""Rows of the table of biases by distance, and the biases that the kernels add."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from random_encoders import SMALL

from distilbert_sentiment_arch.engine.distance_biases import BIAS_WEIGHT, buckets, packed_biases


def test_rows_are_those_of_hugging_face() -> None:
    """Rows that MPNetEncoder.relative_position_bucket of transformers 5.23 gives."""
    distances = [-300, -128, -127, -91, -64, -32, -17, -16, -9, -8, -7, -1, 0]
    rows = [15, 15, 15, 15, 14, 12, 10, 10, 8, 8, 7, 1, 0]
    found = buckets(301)
    assert [found[300 + distance] for distance in distances] == rows
    assert [found[300 - distance] for distance in distances[:-1]] == [row + 16 for row in rows[:-1]]


def test_biases_are_in_the_order_of_distances_without_the_scale_of_softmax() -> None:
    config = replace(SMALL, attention="biased", max_position_embeddings=3, num_attention_heads=5)
    table = np.arange(32 * 5, dtype=np.float32).reshape(32, 5)
    found = packed_biases({BIAS_WEIGHT: table}, config)
    assert found.shape == (5, 5)
    root = 2  # of the 4 columns of a head
    np.testing.assert_array_equal(found, root * table[[2, 1, 0, 17, 18]].T)
