"""Text to words, for any script: where they are and what joins them."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby, repeat

# What Python calls a word character, and marks that no precomposed character takes in.
WORD = re.compile(r"([\w\u0300-\u036f]+)")

# Combining marks lie between these code points; a test looks at all others.
_FIRST_MARK, _LAST_MARK = 0x300, 0x1F000

# All that stand before ASCII or at the end, where no mark follows them.
_ASCII = re.compile(r"[\x00-\x7f]+(?![^\x00-\x7f])")

MARKS = 30
"""Combining marks in a row that are normalised together: those of Unicode's stream-safe text format
(UAX 15, section 13). unicodedata sorts a run in time quadratic in its length, under the
interpreter's lock."""

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
    marks, unmarked = _marks()
    long_run = any(len(run) > MARKS for run in marks.findall(text))
    if not long_run and unicodedata.is_normalized("NFC", text):
        lowered = text.lower()
        if len(lowered) == len(text):
            return _plain(lowered), None
    pieces: list[str] = []
    offsets = array("q")
    start = 0
    while start < len(text):
        if run := _ASCII.match(text, start):
            end = run.end()
            pieces.append(run[0].lower())
            offsets.extend(range(start, end))
        elif run := unmarked.match(text, start):
            end = run.end()
            characters = [unicodedata.normalize("NFC", each).lower() for each in run[0]]
            pieces += characters
            offsets.extend(at for at, each in enumerate(characters, start) for _ in each)
        else:
            end = start + 1
            # A character and the marks on it compose among themselves.
            last = min(start + MARKS + 1, len(text))
            while end < last and unicodedata.combining(text[end]):
                end += 1
            piece = unicodedata.normalize("NFC", text[start:end]).lower()
            pieces.append(piece)
            offsets.extend(repeat(start, len(piece)))
        start = end
    offsets.append(len(text))
    return _plain("".join(pieces)), offsets


@cache
def _marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns what matches a run of combining marks, and one of others that none follows."""
    marks = (code for code in range(_FIRST_MARK, _LAST_MARK) if unicodedata.combining(chr(code)))
    ranges = []
    for _, numbered in groupby(enumerate(marks), lambda pair: pair[1] - pair[0]):
        codes = [code for _, code in numbered]
        ranges.append(f"\\U{codes[0]:08x}-\\U{codes[-1]:08x}")
    found = "".join(ranges)
    return re.compile(f"[{found}]+"), re.compile(f"[^\\x00-\\x7f{found}]+(?![{found}])")


def _plain(text: str) -> str:
    for typographic, plain in _TYPOGRAPHIC.items():
        text = text.replace(typographic, plain)
    return text
