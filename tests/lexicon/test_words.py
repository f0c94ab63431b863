"""Text in the form that is compared with lists, and the way back to the original."""

from __future__ import annotations

import random
import re
import unicodedata
from functools import partial
from itertools import pairwise

import pytest
from linear_time import check_linear

from distilbert_sentiment_arch.lexicon.words import MAX_MARKS, WORD, _marks, normalise, split

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


def test_no_combining_mark_lies_outside_of_the_range_that_is_looked_at() -> None:
    everything = "".join(map(chr, range(0x110000)))
    found = "".join(_marks()[0].findall(everything))
    assert found == "".join(each for each in everything if unicodedata.combining(each))


@pytest.mark.parametrize("count", [29, 30, 31, 60, 61, 1000])
def test_runs_of_marks_are_normalised_in_parts_and_offsets_are_kept(count: int) -> None:
    text = "good a" + "\u0301\u0323" * count + " bad"
    normal, offsets = normalise(text)
    assert offsets is not None
    assert len(offsets) == len(normal) + 1
    assert offsets[-1] == len(text)
    assert list(offsets) == sorted(offsets)
    words = split(text)
    assert (words.words[0], words.words[-1], words.count) == ("good", "bad", 3)
    assert text[slice(*words.span(2, 2))] == "bad"
    parts = re.findall(f"(?s).[\u0300-\u036f]{{0,{MAX_MARKS}}}", text)
    assert normal == "".join(unicodedata.normalize("NFC", part) for part in parts)


ADVERSARIAL = {
    "marks": "\u0301\u0323",
    "marks of one class": "\u0301",
    "marks in falling order": "\u0345\u0301\u0327\u0334",
    "runs of 30": "a" + "\u0301\u0323" * 15,
    "runs of 31": "a" + "\u0323" + "\u0301\u0323" * 15,
    "jamo": "\u1100\u1161\u11a8",
    "sigmas": "\u03a3'",
    "sigmas and marks": "\u03a3\u0301",
    "typographic": "good\u2019s ",
    "spaces": "\u3000",
    "one word": "\u0430",
    "astral": "\U0001f600",
    "growing": "\u0130",
    "nonspacing in plane 1": "\U0001d165\U0001d16e",
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_time_is_linear_in_the_length_of_a_text(name: str) -> None:
    unit = ADVERSARIAL[name]
    check_linear(lambda size: partial(split, unit * (size // len(unit.encode()))))
