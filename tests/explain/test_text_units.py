"""Units of texts: their spans cover the text in any script, and their groups cover the units."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_time import check_linear

from distilbert_sentiment_arch.explain.text_units import (
    AUTO_WORDS,
    PHRASE_WORDS,
    SENTENCE_WORDS,
    Tree,
    split_words,
    units_of,
)

LETTERS = "aB1 \n.,!?;:\u3002\uff0c\u597d\u0e01\u0e31\u3042\u30a2\u0301\U0001f600\u00a0\u3000'\"("


def words(text: str) -> list[str]:
    return [text[start:end] for start, end in split_words(text)]


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in units_of(text, "sentence").spans]


def leaves(tree: Tree) -> Iterator[int]:
    if isinstance(tree, int):
        yield tree
    else:
        for part in tree:
            yield from leaves(part)


@given(st.text() | st.text(LETTERS, max_size=300), st.sampled_from(["auto", "word", "sentence"]))
def test_spans_cover_all_but_white_space_and_groups_cover_all_units(text: str, choice: str) -> None:
    units = units_of(text, choice)  # type: ignore[arg-type]
    position = 0
    for start, end in units.spans:
        assert not text[position:start].strip()
        assert start < end
        assert not text[start].isspace()
        assert not text[end - 1].isspace()
        position = end
    assert not text[position:].strip()
    assert list(leaves(units.tree)) == list(range(len(units.spans)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It isn't self-made, is it?", ["It", "isn't", "self-made,", "is", "it?"]),
        ("one", ["one"]),
        ("\u597d\u7535\u5f71\u3002\u6211 ok", ["\u597d", "\u7535", "\u5f71\u3002", "\u6211", "ok"]),
        ("\u300c\u597d\u300dab\u597d", ["\u300c\u597d\u300d", "ab", "\u597d"]),
        ("\u3053\u306e\u30ab\u30e1\u30e9", ["\u3053\u306e", "\u30ab\u30e1\u30e9"]),
        ("\u3042" * 9, ["\u3042" * 4, "\u3042" * 4, "\u3042"]),
        # Thai: a vowel above its consonant stays with it.
        ("\u0e01\u0e31" * 5, ["\u0e01\u0e31" * 4, "\u0e01\u0e31"]),
        ("\U0001f600\U0001f600 \U0001f600", ["\U0001f600\U0001f600", "\U0001f600"]),
        ("\u0301\u0301", ["\u0301\u0301"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good. Bad! Is it? Yes", ["Good.", "Bad!", "Is it?", "Yes"]),
        ('He said "no." Then left.', ['He said "no."', "Then left."]),
        ("It costs 3.5 e.g. today", ["It costs 3.5 e.g. today"]),
        ("first line\nsecond line", ["first line", "second line"]),
        ("\u597d\u3002\u574f\uff01", ["\u597d\u3002", "\u574f\uff01"]),
        ("\u091c\u0940\u0964 \u0928", ["\u091c\u0940\u0964", "\u0928"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_a_sentence_without_end_is_cut() -> None:
    assert [len(each.split()) for each in sentences("la " * 150)] == [
        SENTENCE_WORDS,
        SENTENCE_WORDS,
        150 - 2 * SENTENCE_WORDS,
    ]


def test_phrases_stand_in_sentences() -> None:
    units = units_of("Slow at first, but then (and only then) good. A film.")
    assert units.tree == (((0, 1, 2), (3, 4, 5, 6, 7), (8,)), ((9, 10),))
    (phrases,) = (units_of("la " * 10).tree,)
    assert phrases == ((tuple(range(PHRASE_WORDS)), (8, 9)),)


def test_words_become_sentences_where_there_are_many() -> None:
    assert units_of("la. " * AUTO_WORDS).kind == "word"
    many = "La. " * (AUTO_WORDS + 1)
    assert units_of(many).kind == "sentence"
    assert units_of(many, "word").kind == "word"
    chinese = units_of("\u597d" * 99 + "\u3002" + "\u597d" * 400)
    assert (chinese.kind, chinese.spans[0]) == ("sentence", (0, SENTENCE_WORDS))
    assert units_of("one", "sentence").spans == [(0, 3)]


@pytest.mark.parametrize(
    "piece",
    ["!", "!a. ", "((\u597d\u3002", "\u0e01\u0e31\u0e31", "\u0301"],
)
def test_any_text_takes_linear_time(piece: str) -> None:
    check_linear(lambda size: partial(units_of, piece * (size // len(piece.encode())), "sentence"))
