"""Batches of sequences of similar length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def length_batches(
    lengths: Sequence[int], most_tokens: int, most_sequences: int
) -> Iterator[list[int]]:
    """Yields batches of sequences by falling length, so that padding comes to little or nothing.

    Args:
        lengths: Tokens of each sequence.
        most_tokens: Most tokens in a batch, each sequence counted as long as the longest; a longer
            one is alone.
        most_sequences: Most sequences in a batch.

    Yields:
        Places of sequences; each is in one batch.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    start = 0
    while start < len(order):
        fitting = most_tokens // max(1, lengths[order[start]])
        count = max(1, min(fitting, most_sequences))
        yield order[start : start + count]
        start += count
