"""Pairs over the limit: one text is cut at either end, the other stays whole."""

from __future__ import annotations

import numpy as np

from distilbert_sentiment_arch.classify.interface import PairPart, Truncation
from distilbert_sentiment_arch.classify.token_sequence import TokenIds, TokenSequence
from distilbert_sentiment_arch.errors import NoRoomForText


def cut_text(
    sequence: TokenSequence,
    limit: int,
    truncation: Truncation,
    index: int = 0,
) -> TokenSequence:
    """Cuts one text of a pair so that the sequence fits; all special tokens stay.

    Args:
        sequence: A pair with its special tokens, or a single text, which is its own first.
        limit: Most tokens to keep in all.
        truncation: Which text is cut, at which end, and the most tokens to keep of it.
        index: Place of the pair in the request, for messages.

    Returns:
        What is kept; the sequence itself if nothing is cut.

    Raises:
        NoRoomForText: Without the text, the sequence has no room for one of its tokens.
    """
    part = truncation.only or "first"
    start, end = _range_of(sequence, part)
    length = end - start
    others = len(sequence) - length
    room = limit - others
    if truncation.text_limit is not None:
        room = min(room, truncation.text_limit)
    if length <= room:
        return sequence
    if room < 1:
        raise NoRoomForText(index, others, limit)
    if truncation.mode == "start":
        return sequence.kept((0, start), (end - room, len(sequence)))
    return sequence.kept((0, start + room), (end, len(sequence)))


def _range_of(sequence: TokenSequence, part: PairPart) -> tuple[int, int]:
    """Returns the first token of a text and the one after its last.

    Token types tell the texts apart. Where a family has none, separators do: a text may hold the
    same token, so they are looked for from the side of the text that stays whole.
    """
    ids, last = sequence.ids, len(sequence) - 1
    if sequence.first_segment <= last:
        first_end, second_start = sequence.first_segment - 1, sequence.first_segment
    else:
        first_end, second_start = _separated(ids, part)
    return (1, first_end) if part == "first" else (min(second_start, last), last)


def _separated(ids: TokenIds, part: PairPart) -> tuple[int, int]:
    """Returns the end of the first text and the start of the second; RoBERTa parts them twice."""
    last = len(ids) - 1
    separators = np.flatnonzero(ids[:last] == ids[last])
    if not len(separators):
        return last, last
    if part == "first":
        end = int(separators[-1])
        return end - int(ids[end - 1] == ids[last]), end + 1
    end = int(separators[0])
    return end, end + 1 + int(ids[end + 1] == ids[last])
