"""Batches of similar length, in which the servers with ONNX Runtime compute lists of texts."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.benchmarking.servers.batched_texts import MOST_PADDING, similar_lengths
from scripts.benchmarking.servers.server import MAX_BATCH


@pytest.mark.parametrize("seed", range(3))
def test_every_text_is_in_one_batch_with_little_padding(seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(3, 512, 200).tolist()
    parts = similar_lengths(lengths)
    assert sorted(index for part in parts for index in part) == list(range(200))
    for part in parts:
        assert len(part) <= MAX_BATCH
        real = sum(lengths[index] for index in part)
        assert len(part) * max(lengths[index] for index in part) <= (1 + MOST_PADDING) * real
    assert len(parts) < 40  # and not one by one


def test_texts_of_one_length_fill_whole_batches() -> None:
    assert [len(part) for part in similar_lengths([32] * 70)] == [MAX_BATCH, MAX_BATCH, 6]
    assert similar_lengths([]) == []
