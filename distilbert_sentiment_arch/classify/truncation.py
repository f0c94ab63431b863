"""Sequences over the limit: cut at either end, or read in overlapping windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.classify.token_sequence import SpecialTokens, TokenSequence

OVERLAP = 4
"""Neighbouring windows share one part in so many, so that no phrase is seen only in two halves."""


@dataclass(frozen=True)
class Window:
    """A sequence to run.

    Attributes:
        sequence: Its tokens.
        fresh: How many of them no window before it had.
    """

    sequence: TokenSequence
    fresh: int


def truncate(
    sequence: TokenSequence,
    limit: int,
    side: Literal["start", "end"],
    special_tokens: SpecialTokens,
) -> TokenSequence:
    """Cuts a sequence to ``limit`` tokens; a leading [CLS] and a trailing [SEP] stay.

    Args:
        sequence: The tokens.
        limit: Most tokens to keep, at least 3.
        side: What is cut off.
        special_tokens: Those of the tokenizer.
    """
    excess = len(sequence) - limit
    if excess <= 0:
        return sequence
    first, last = _body(sequence, special_tokens)
    cut = (first, first + excess) if side == "start" else (last - excess, last)
    return sequence.kept((0, cut[0]), (cut[1], len(sequence)))


class Windows:
    """The windows of at most ``limit`` tokens that cover a sequence, before they are made.

    Each keeps the sequence's own [CLS] and [SEP]. All are full; the last ends with the sequence.

    Args:
        sequence: The tokens, more than ``limit``.
        limit: Most tokens in a window, at least 3.
        special_tokens: Those of the tokenizer.
    """

    def __init__(self, sequence: TokenSequence, limit: int, special_tokens: SpecialTokens) -> None:
        self._sequence = sequence
        self._first, self._last = _body(sequence, special_tokens)
        self._width = limit - self._first - (len(sequence) - self._last)
        stride = max(1, self._width - self._width // OVERLAP)
        self._starts = range(self._first, self._last - self._width, stride)

    def __len__(self) -> int:
        return len(self._starts) + 1

    def make(self) -> Sequence[Window]:
        """Makes them."""
        found = []
        covered = self._first
        for start in [*self._starts, self._last - self._width]:
            end = start + self._width
            window = self._sequence.kept(
                (0, self._first), (start, end), (self._last, len(self._sequence))
            )
            found.append(Window(window, end - covered))
            covered = end
        return found


def combine(logits: npt.NDArray[np.float32], pieces: Sequence[Window]) -> npt.NDArray[np.float32]:
    """Returns the mean of the windows' logits, each weighted by its fresh tokens.

    Every token of the text counts once, however many windows saw it.

    Args:
        logits: One row a window, ``(windows, num_labels)``.
        pieces: The windows.
    """
    if len(pieces) == 1:
        only: npt.NDArray[np.float32] = logits[0]
        return only
    weights = np.array([piece.fresh for piece in pieces], dtype=np.float64)
    mean = weights @ logits.astype(np.float64) / weights.sum()
    return np.asarray(mean, dtype=np.float32)


def _body(sequence: TokenSequence, special_tokens: SpecialTokens) -> tuple[int, int]:
    """Returns the range of the tokens between a leading [CLS] and a trailing [SEP]."""
    ids = sequence.ids
    return int(ids[0] == special_tokens.first), len(ids) - int(ids[-1] == special_tokens.last)
