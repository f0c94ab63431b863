"""Text to words, for any script: where they are and what joins them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

# What Python calls a word character, and marks that no precomposed character takes in.
WORD = re.compile(r"([\w\u0300-\u036f]+)")

# All that stand before ASCII or at the end, where no mark follows them.
_ASCII = re.compile(r"[\x00-\x7f]+(?![^\x00-\x7f])")

# Right single quotation mark, modifier letter and fullwidth apostrophe; hyphen and its
# non-breaking kin.
_TYPOGRAPHIC = {"\u2019": "'", "\u02bc": "'", "\uff07": "'", "\u2010": "-", "\u2011": "-"}


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
    normal, offsets = normalise(text)
    pieces = WORD.split(normal)
    return Words(pieces[1::2], pieces[::2], list(accumulate(map(len, pieces))), offsets)


def normalise(text: str) -> tuple[str, Sequence[int] | None]:
    """Returns a text composed, in lower case and with plain apostrophes, and ``Words.offsets``."""
    if text.isascii():
        return text.lower(), None
    if unicodedata.is_normalized("NFC", text):
        lowered = text.lower()
        if len(lowered) == len(text):
            return _plain(lowered), None
    pieces: list[str] = []
    offsets: list[int] = []
    start = 0
    while start < len(text):
        if run := _ASCII.match(text, start):
            end = run.end()
            pieces.append(run[0].lower())
            offsets += range(start, end)
        else:
            end = start + 1
            # A character and the marks on it compose among themselves.
            while end < len(text) and unicodedata.combining(text[end]):
                end += 1
            piece = unicodedata.normalize("NFC", text[start:end]).lower()
            pieces.append(piece)
            offsets += [start] * len(piece)
        start = end
    return _plain("".join(pieces)), [*offsets, len(text)]


def _plain(text: str) -> str:
    for typographic, plain in _TYPOGRAPHIC.items():
        text = text.replace(typographic, plain)
    return text
