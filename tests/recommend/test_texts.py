"""Texts to measure with."""

from __future__ import annotations

from pathlib import Path

import pytest

from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.recommend.texts import MOST_TEXTS, measured_texts, read_texts


def test_without_texts_the_built_in_ones_are_taken() -> None:
    found = measured_texts(())
    assert sorted(found.texts) == sorted(SENTENCES)
    assert found.built_in
    assert str(found).startswith(f"{len(SENTENCES)} built-in sentences, ")


def test_of_many_texts_the_same_ones_are_drawn_each_time() -> None:
    given = [f"text {number}" for number in range(3 * MOST_TEXTS)]
    found = measured_texts(given)
    assert len(set(found.texts)) == MOST_TEXTS
    assert set(found.texts) < set(given)
    assert measured_texts(given) == found
    assert f"{3 * MOST_TEXTS} texts, of which {MOST_TEXTS} drawn at random" in str(found)


def test_texts_of_a_file(tmp_path: Path) -> None:
    plain = tmp_path / "texts.txt"
    plain.write_text("good\n\n  \nbad, really\n", encoding="utf-8")
    assert read_texts(plain) == ("good", "bad, really")
    lines = tmp_path / "texts.jsonl"
    lines.write_text('{"text": "good\\nbook", "label": 1}\n\n"bad"\n', encoding="utf-8")
    assert read_texts(lines) == ("good\nbook", "bad")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"\n \n", "has no texts"),
        ("a.txt", b"\xff\xfe", "cannot be read"),
        ("a.jsonl", b'"a"\n{"body": "b"}\n', "line 2: neither"),
        ("a.jsonl", b"plain\n", "line 1: neither"),
    ],
)
def test_files_that_are_not_texts(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecommendError, match=message):
        read_texts(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecommendError, match="cannot be read"):
        read_texts(tmp_path / "none.txt")


def test_blank_texts() -> None:
    with pytest.raises(RecommendError, match="All texts are blank"):
        measured_texts(["", " "])
