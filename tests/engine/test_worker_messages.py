"""Messages between the API process and the model worker: what is sent is what arrives."""

from __future__ import annotations

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine.inputs import pack_sequences
from distilbert_sentiment_arch.engine.worker_messages import (
    HEAD_BYTES,
    decode_answer,
    decode_batch,
    encode_answer,
    encode_batch,
    size_of_answer,
    size_of_batch,
)


def random_sequences(seed: int) -> list[TokenSequence]:
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(generator.integers(1, 20)):
        ids = generator.integers(0, 30_522, generator.integers(1, 60))
        found.append(TokenSequence(ids, int(generator.integers(0, len(ids) + 1))))
    return found


@pytest.mark.parametrize("seed", range(10))
def test_a_batch_arrives_as_the_inputs_of_its_pass(seed: int) -> None:
    sequences = random_sequences(seed)
    message = encode_batch(sequences)
    count, size = size_of_batch(message[:HEAD_BYTES])
    assert (count, HEAD_BYTES + size) == (len(sequences), len(message))
    given, expected = (
        decode_batch(count, bytearray(message[HEAD_BYTES:])),
        pack_sequences(sequences),
    )
    for name in ("input_ids", "starts", "first_segments"):
        np.testing.assert_array_equal(getattr(given, name), getattr(expected, name))
        assert getattr(given, name).dtype == np.int64


def test_the_graph_may_read_the_message_in_place() -> None:
    # MAX takes no array that is read-only.
    (message,) = [bytearray(encode_batch([single_segment(np.array([101, 102]))])[HEAD_BYTES:])]
    assert decode_batch(1, message).input_ids.flags.writeable


@pytest.mark.parametrize(("sequences", "labels"), [(1, 1), (1, 2), (64, 28)])
def test_an_answer_arrives_to_the_bit(sequences: int, labels: int) -> None:
    logits = np.random.default_rng(0).normal(size=(sequences, labels)).astype(np.float32)
    logits[0, 0] = np.nan
    message = encode_answer(logits, 1.25)
    assert len(message) == size_of_answer(sequences, labels)
    computed = decode_answer(message, sequences)
    np.testing.assert_array_equal(computed.logits, logits)
    assert (computed.compute_ms, computed.size) == (1.25, sequences)
