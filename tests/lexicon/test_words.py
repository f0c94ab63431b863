"""Text in the form that is compared with lists, and the way back to the original."""

from __future__ import annotations

import random
import re
import unicodedata
from itertools import pairwise

from distilbert_sentiment_arch.lexicon.words import WORD, normalise

CHARACTERS = (
    "aabn ZI'-_.\t\u2019\u02bc\uff07\u2010\u2011\u0301\u0308\u0327\u0345\u0130ßΣςSs\u212b\ufb01"
    "\u1e9e\u1100\u1161\u11a8ДЙи\u0306\U0001f600\U0001d4a2\ud800\x00\u200d\u0fb9"
)


def test_each_character_and_its_marks_are_normalised_where_they_stand() -> None:
    generator = random.Random(7)
    typographic = str.maketrans("\u2019\u02bc\uff07\u2010\u2011", "'''--")
    moved = 0
    for _ in range(5000):
        text = "".join(generator.choices(CHARACTERS, k=generator.randrange(12)))
        normal, offsets = normalise(text)
        if offsets is None:
            offsets = range(len(text) + 1)
        moved += list(offsets) != list(range(len(text) + 1))
        starts = [i for i, each in enumerate(text) if not i or not unicodedata.combining(each)]
        pieces = [text[i:j] for i, j in pairwise([*starts, len(text)])]
        expected = [unicodedata.normalize("NFC", each).lower() for each in pieces]
        if unicodedata.is_normalized("NFC", text) and len(text.lower()) == len(text):
            expected = list(text.lower())  # knows which sigma is the last of its word
            starts = list(range(len(text)))
        assert normal == "".join(expected).translate(typographic), ascii(text)
        assert list(offsets[:-1]) == [
            start for start, each in zip(starts, expected, strict=True) for _ in each
        ], ascii(text)
        assert offsets[-1] == len(text)
    assert moved > 1000


def test_ascii_letters_digits_and_underscores_make_words() -> None:
    words = "".join(filter(WORD.fullmatch, map(chr, range(128))))
    assert words == re.sub("[^0-9A-Z_a-z]", "", "".join(map(chr, range(128))))
