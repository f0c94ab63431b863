"""Rows of the embedding of distances, compared with Hugging Face's buckets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_encoders import SMALL

from distilbert_sentiment_arch.engine.relative_positions import Rows, relative_rows


def rows_of(positions: int, buckets: int, farthest: int) -> Rows:
    config = replace(
        SMALL,
        attention="disentangled",
        max_position_embeddings=positions,
        position_buckets=buckets,
        max_relative_positions=farthest,
    )
    return relative_rows(config)


# What transformers 5.23 returns from make_log_bucket_position.
V3_DISTANCES = [1, 127, 128, 129, 130, 131, 132, 200, 256, 300, 400, 500, 510, 511]
V3_BUCKETS = [1, 127, 128, 129, 130, 131, 131, 169, 192, 207, 233, 254, 255, 255]
OF_16 = """0 1 2 3 4 5 6 7 8 9 9 10 10 11 11 11 12 12 12 12
13 13 13 13 13 14 14 14 14 14 14 14 15 15 15 15 15 15 15 15"""
OF_8_BEYOND_20 = """0 1 2 3 4 5 5 6 6 6 6 6 7 7 7 7 7 7 7 7
7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7"""


def test_the_buckets_of_version_3() -> None:
    rows = rows_of(512, 256, 512)
    np.testing.assert_array_equal(rows[512 + np.array(V3_DISTANCES)] - 256, V3_BUCKETS)
    np.testing.assert_array_equal(256 - rows[512 - np.array(V3_DISTANCES)], V3_BUCKETS)


@pytest.mark.parametrize(
    ("buckets", "farthest", "expected"), [(16, 40, OF_16), (8, 20, OF_8_BEYOND_20)]
)
def test_buckets_of_all_distances(buckets: int, farthest: int, expected: str) -> None:
    rows = rows_of(40, buckets, farthest)
    np.testing.assert_array_equal(rows[40:80] - buckets, [int(each) for each in expected.split()])


def test_without_buckets_distances_end_at_the_farthest() -> None:
    rows = rows_of(7, 0, 3)
    assert rows.tolist() == [0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5]


def test_more_buckets_than_distances() -> None:
    rows = rows_of(5, 8, 5)
    assert rows[1:-1].tolist() == [4, 5, 6, 7, 8, 9, 10, 11, 12]
