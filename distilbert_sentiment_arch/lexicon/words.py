"""Splitting of texts in any script into words, with their positions and joiners."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, groupby, repeat

# Python's word characters, and combining marks that no precomposed character contains.
WORD = re.compile(r"([\w\u0300-\u036f]+)")

# All combining marks are between these code points; a test checks it.
_FIRST_MARK, _LAST_MARK = 0x300, 0x1F000

# ASCII characters before another ASCII character or the end, so that no mark follows them.
_ASCII = re.compile(r"[\x00-\x7f]+(?![^\x00-\x7f])")

MAX_MARKS = 30
"""Maximum combining marks in a row that are normalised together, as in Unicode's stream-safe text
format (UAX 15, section 13). unicodedata sorts them in time quadratic in their number, while it
holds the interpreter's lock."""

# Right single quotation mark, modifier letter apostrophe and fullwidth apostrophe; hyphen and
# non-breaking hyphen.
_TYPOGRAPHIC = {"\u2019": "'", "\u02bc": "'", "\uff07": "'", "\u2010": "-", "\u2011": "-"}


@dataclass(frozen=True)
class Words:
    """The words of a text.

    Attributes:
        words: The words, composed (NFC) and in lower case.
        gaps: Text before each word and, as the last one, after the last word, with plain
            apostrophes and hyphens.
        ends: End positions in the normalised text, alternating: of each gap and of each word.
        offsets: Position in the original text of each character of the normalised text, followed by
            the length of the original; None if all positions are equal.
    """

    words: Sequence[str]
    gaps: Sequence[str]
    ends: Sequence[int]
    offsets: Sequence[int] | None

    @property
    def count(self) -> int:
        """Number of words as people count them: "don't" and "self-made" are one word each."""
        inner = self.gaps[1:-1]
        return len(self.words) - inner.count("'") - inner.count("-")

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Returns start and end, in the original text, of the words from ``first`` to ``last``."""
        start, end = self.ends[2 * first], self.ends[2 * last + 1]
        return (start, end) if self.offsets is None else (self.offsets[start], self.offsets[end])

    def joiner(self, index: int) -> str | None:
        """Returns the joiner of a word and the word before it.

        Returns:
            A space for any white space, an apostrophe or a hyphen; None for any other text.
        """
        gap = self.gaps[index]
        if gap in ("'", "-"):
            return gap
        return " " if gap.isspace() else None


def split(text: str) -> Words:
    """Splits a text into words, in time linear in its length."""
    normal, offsets = normalise(text)
    pieces = WORD.split(normal)
    return Words(pieces[1::2], pieces[::2], list(accumulate(map(len, pieces))), offsets)


def normalise(text: str) -> tuple[str, Sequence[int] | None]:
    """Normalises a text: composed (NFC), in lower case, with plain apostrophes and hyphens.

    Returns:
        The normalised text, and ``Words.offsets``.
    """
    if text.isascii():
        return text.lower(), None
    marks, unmarked = _marks()
    long_run = any(len(run) > MAX_MARKS for run in marks.findall(text))
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
            # A character is normalised together with the combining marks after it.
            last = min(start + MAX_MARKS + 1, len(text))
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
    """Returns patterns of combining marks, and of other characters without a mark after them.

    Both match one or more characters; the second one does not match ASCII.
    """
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
