"""Serialisation of batches and logits on their way through MAX."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from max.pipelines.modeling.types import EmbeddingsGenerationOutput, RequestID

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.batch_context import (
    HEADER,
    decode_batches,
    decode_logits,
    encode_batch,
    encode_logits,
)

RANDOM = np.random.default_rng(7)


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize(
    "batches",
    [[[1]], [[5]], [[2, 1, 512, 3]], [[1] * 40], [[3], [1, 1], [512], [2, 7, 1]]],
    ids=str,
)
def test_sequences_arrive_as_they_were(batches: list[list[int]], pairs: bool) -> None:
    sent = [
        [
            TokenSequence(
                RANDOM.integers(0, 30_522, length),
                int(RANDOM.integers(1, length + 1)) if pairs else length,
            )
            for length in lengths
        ]
        for lengths in batches
    ]
    contexts = [encode_batch(batch, RequestID(f"{i}"), "model") for i, batch in enumerate(sent)]
    inputs = decode_batches(contexts, pad_token_id=7)
    for array in (inputs.input_ids, inputs.starts, inputs.first_segments):
        assert array.dtype == np.int64
    assert inputs.counts == [len(batch) for batch in sent]
    assert inputs.pad_token_id == 7
    found = [inputs.input_ids[start:end].tolist() for start, end in pairwise(inputs.starts)]
    assert found == [each.ids.tolist() for batch in sent for each in batch]
    segments = [each.first_segment for batch in sent for each in batch]
    assert inputs.first_segments.tolist() == segments


@pytest.mark.parametrize("counts", [[1], [3], [1, 4, 2]])
@pytest.mark.parametrize("labels", [1, 2, 28])
def test_logits_come_back_to_their_context(counts: list[int], labels: int) -> None:
    logits = RANDOM.normal(size=(sum(counts), labels)).astype(np.float32)
    rows = encode_logits(logits, counts, compute_ms=12.5)
    assert rows.shape == (len(counts), HEADER + max(counts) * labels)
    start = 0
    for row, count in zip(rows, counts, strict=True):
        found = decode_logits(EmbeddingsGenerationOutput(row), count, labels)
        np.testing.assert_array_equal(found.logits, logits[start : start + count])
        assert (found.compute_ms, found.size) == (12.5, sum(counts))
        start += count
