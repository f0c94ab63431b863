"""Pairs over the limit: one text is cut at either end, the other stays whole."""

from __future__ import annotations

import numpy as np

from distilbert_sentiment_arch.classify.interface import PairPart
from distilbert_sentiment_arch.classify.token_sequence import TokenIds, TokenSequence
from distilbert_sentiment_arch.errors import InputError


def cut_text(
    sequence: TokenSequence,
    limit: int,
    part: PairPart,
    *,
    from_start: bool,
    text_limit: int | None = None,
) -> TokenSequence:
    """Cuts one text of a pair so that the sequence fits; all special tokens stay.

    Args:
        sequence: A pair with its special tokens, or a single text, which is its own first.
        limit: Most tokens to keep in all.
        part: The text that is cut.
        from_start: Cut off its start, else its end.
        text_limit: Most tokens to keep of the text; None for as many as there is room.

    Returns:
        What is kept; the sequence itself if nothing is cut.

    Raises:
        InputError: Without the text, the sequence has no room for one of its tokens.
    """
    start, end = _range_of(sequence.ids, part)
    length = end - start
    others = len(sequence) - length
    room = limit - others
    if text_limit is not None:
        room = min(room, text_limit)
    if length <= room:
        return sequence
    if room < 1:
        raise InputError(
            f"has {others} tokens beside its {part} text, special tokens included, and of "
            f"{limit} none is left for that text. Shorten the other one."
        )
    if from_start:
        return sequence.kept((0, start), (end - room, len(sequence)))
    return sequence.kept((0, start + room), (end, len(sequence)))


def _range_of(ids: TokenIds, part: PairPart) -> tuple[int, int]:
    """Returns the first token of a text and the one after its last.

    Separators tell the texts apart: the last token is one, a user's text has none (see
    ``engine.tokenizer``), and some families have no token types.
    """
    sep = ids[-1]
    separators = np.flatnonzero(ids == sep)
    first_end, last = int(separators[0]), len(ids) - 1
    if part == "first":
        return 1, first_end
    start = first_end + 1
    while start < last and ids[start] == sep:  # RoBERTa has two separators between its texts
        start += 1
    return min(start, last), last
