"""A batch survives the trip through one of MAX's contexts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from max.pipelines.modeling.types import EmbeddingsGenerationOutput, RequestID

from distilbert_sentiment_arch.engine.batch_context import (
    TRACE,
    computed_of,
    context_of,
    packed_of,
    rows_of,
)

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize(
    "batches",
    [[[1]], [[5]], [[2, 1, 512, 3]], [[1] * 40], [[3], [1, 1], [512], [2, 7, 1]]],
    ids=str,
)
def test_sequences_arrive_as_they_were(batches: list[list[int]]) -> None:
    sent = [[RANDOM.integers(0, 30_522, length) for length in lengths] for lengths in batches]
    contexts = [context_of(batch, RequestID(f"{i}"), "model") for i, batch in enumerate(sent)]
    ids, starts, counts = packed_of(contexts)
    assert ids.dtype == starts.dtype == np.int64
    assert counts == [len(batch) for batch in sent]
    found = [ids[start:end].tolist() for start, end in pairwise(starts)]
    assert found == [each.tolist() for batch in sent for each in batch]


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
