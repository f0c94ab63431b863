"""Batches of sequences of similar length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from distilbert_sentiment_arch.bulk.scoring.length_batches import length_batches

lengths_of_texts = st.lists(st.integers(1, 512), max_size=200)


@given(lengths_of_texts, st.integers(1, 600), st.integers(1, 64))
def test_each_sequence_is_in_one_batch_within_the_limits(
    lengths: list[int], most_tokens: int, most_sequences: int
) -> None:
    batches = list(length_batches(lengths, most_tokens, most_sequences))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 0 < len(batch) <= most_sequences
        padded = len(batch) * max(lengths[place] for place in batch)
        assert len(batch) == 1 or padded <= most_tokens


@given(lengths_of_texts)
def test_no_batch_has_a_sequence_longer_than_one_before(lengths: list[int]) -> None:
    ordered = [lengths[place] for batch in length_batches(lengths, 512, 64) for place in batch]
    assert ordered == sorted(lengths, reverse=True)
