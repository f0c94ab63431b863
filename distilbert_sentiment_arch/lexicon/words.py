"""Text to words, for any script: where they are and what joins them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

# What Python calls a word character, and marks that no precomposed character takes in.
_WORD = re.compile(r"([\w\u0300-\u036f]+)")

# Right single quotation mark, modifier letter and fullwidth apostrophe; hyphen and its
# non-breaking kin.
_TYPOGRAPHIC = {0x2019: "'", 0x02BC: "'", 0xFF07: "'", 0x2010: "-", 0x2011: "-"}


@dataclass(frozen=True)
class Words:
    """The words of a text.

    Attributes:
        words: Composed (NFC) and in lower case.
        gaps: What stands before each word and, at the end, behind the last, with plain apostrophes
            and hyphens.
        ends: Where each gap and each word ends in the normalised text, by turns.
        offsets: Where each character of the normalised text begins in the original, and behind the
            last one its length; None where the two agree character by character.
    """

    words: Sequence[str]
    gaps: Sequence[str]
    ends: Sequence[int]
    offsets: Sequence[int] | None

    @property
    def count(self) -> int:
        """Words as people count them: don't and self-made are one each."""
        inner = self.gaps[1:-1]
        return len(self.words) - inner.count("'") - inner.count("-")

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Returns where the words from ``first`` to ``last`` are in the original text."""
        start, end = self.ends[2 * first], self.ends[2 * last + 1]
        return (start, end) if self.offsets is None else (self.offsets[start], self.offsets[end])

    def joiner(self, index: int) -> str | None:
        """Returns what joins a word to the one before it: space, apostrophe, hyphen, or None."""
        gap = self.gaps[index]
        if gap in ("'", "-"):
            return gap
        return " " if gap.isspace() else None


def split(text: str) -> Words:
    """Splits a text, in time linear in its length."""
    normal, offsets = _normalise(text)
    pieces = _WORD.split(normal)
    return Words(pieces[1::2], pieces[::2], list(accumulate(map(len, pieces))), offsets)


def _normalise(text: str) -> tuple[str, Sequence[int] | None]:
    if text.isascii():
        return text.lower(), None
    if unicodedata.is_normalized("NFC", text):
        lowered = text.lower()
        if len(lowered) == len(text):
            return lowered.translate(_TYPOGRAPHIC), None
    pieces: list[str] = []
    offsets: list[int] = []
    start = 0
    for end in range(1, len(text) + 1):
        # A character and the marks on it compose among themselves.
        if end < len(text) and unicodedata.combining(text[end]):
            continue
        piece = unicodedata.normalize("NFC", text[start:end]).lower().translate(_TYPOGRAPHIC)
        pieces.append(piece)
        offsets += [start] * len(piece)
        start = end
    return "".join(pieces), [*offsets, len(text)]
