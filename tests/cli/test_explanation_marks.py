"""Marks of words: their strength, the label they are about, and the characters shown."""

from __future__ import annotations

import unicodedata

import pytest
from explained_texts import by_list, with_changes
from hypothesis import given
from hypothesis import strategies as st

from distilbert_sentiment_arch.cli.explanation_marks import (
    counted,
    marked_label,
    parts_of,
    read_note,
    visible,
)


def test_signs_are_by_thirds_of_the_strongest_change() -> None:
    text = "a b c d e f g"
    found = with_changes(text, [3.0, 2.0, 1.99, 1.0, 0.99, 0.29, -2.5])
    signs = {part.text: part.signs for part in parts_of(text, found) if part.unit}
    assert signs == {"a": "+++", "b": "+++", "c": "++", "d": "++", "e": "+", "f": "", "g": "---"}


def test_where_nothing_changes_nothing_is_marked() -> None:
    assert {part.level for part in parts_of("a b", with_changes("a b", [0.0, 0.0]))} == {0}


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_parts_are_the_text(text: str) -> None:
    if not text.strip() or "\0" in text:
        return
    assert "".join(part.text for part in parts_of(text, by_list(text))) == text


def test_marks_are_about_the_answer() -> None:
    found = by_list("A terrible film.")
    assert found.classification.labels.names[marked_label(found)] == "NEGATIVE"
    assert [part.signs for part in parts_of("A terrible film.", found) if part.level] == ["+++"]


def test_of_a_neutral_text_marks_are_about_the_last_label() -> None:
    text = "Good food, bad service."
    found = by_list(text)
    assert found.classification.label == "NEUTRAL"
    assert found.classification.labels.names[marked_label(found)] == "POSITIVE"
    signs = {part.text: part.signs for part in parts_of(text, found) if part.level}
    assert signs == {"Good": "+++", "bad": "---"}


@pytest.mark.parametrize(
    ("read", "note"),
    [
        ({}, ""),
        ({"tokens": 600, "tokens_read": 512}, "read 512 of 600 tokens"),
        ({"tokens": 600, "tokens_read": 600, "windows": 2}, "read in 2 windows"),
    ],
)
def test_a_text_that_was_not_read_at_once_has_a_note(read: dict[str, int], note: str) -> None:
    assert read_note(with_changes("a", [1.0], **read)) == note


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_character_that_a_terminal_obeys_is_shown(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert not any(unicodedata.category(each) == "Cc" for each in shown if each not in "\t\n")
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_counts_have_their_plural() -> None:
    assert [counted(1, "pass"), counted(2, "pass"), counted(0, "word")] == [
        "1 pass",
        "2 passes",
        "0 words",
    ]
