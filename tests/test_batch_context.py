"""A batch survives the trip through one of MAX's contexts."""

from __future__ import annotations

import numpy as np
import pytest
from max.pipelines.modeling.types import EmbeddingsGenerationOutput, RequestID

from distilbert_sentiment_arch.batch_context import (
    TRACE,
    computed_of,
    context_of,
    rows_of,
    sequences_of,
)

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("lengths", [[1], [5], [2, 1, 512, 3], [1] * 40])
def test_sequences_arrive_as_they_were(lengths: list[int]) -> None:
    sequences = [RANDOM.integers(0, 30_522, length) for length in lengths]
    context = context_of(sequences, RequestID("a"), "model")
    found = sequences_of(context)
    assert [ids.tolist() for ids in found] == [ids.tolist() for ids in sequences]


@pytest.mark.parametrize("counts", [[1], [3], [1, 4, 2]])
@pytest.mark.parametrize("labels", [1, 2, 28])
def test_logits_come_back_to_their_context(counts: list[int], labels: int) -> None:
    logits = RANDOM.normal(size=(sum(counts), labels)).astype(np.float32)
    rows = rows_of(logits, counts, compute_ms=12.5)
    assert rows.shape == (len(counts), TRACE + max(counts) * labels)
    start = 0
    for row, count in zip(rows, counts, strict=True):
        found = computed_of(EmbeddingsGenerationOutput(row), count, labels)
        np.testing.assert_array_equal(found.logits, logits[start : start + count])
        assert (found.compute_ms, found.size) == (12.5, sum(counts))
        start += count
