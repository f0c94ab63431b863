"""The word lists and their format."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from commands import run_python

from distilbert_sentiment_arch.errors import WordListError
from distilbert_sentiment_arch.lexicon.word_list import (
    DIRECTORY,
    embedded_word_list,
    read_word_list,
)

AFINN_SHA256 = "4703e14ed5ce7cb73591037cf21a202c0bdf8bdac06392808a1d5606ecf77a06"


def test_afinn_is_as_distributed_and_carries_its_licence() -> None:
    content = (DIRECTORY / "afinn-111.txt").read_bytes()
    assert hashlib.sha256(content).hexdigest() == AFINN_SHA256
    terms = embedded_word_list("afinn-111").terms
    assert len(terms) == 2477
    assert sum(" " in term for term in terms) == 15
    assert "Open Database" in (DIRECTORY / "afinn-111.LICENSE.ODbL.txt").read_text()


def test_the_29_words() -> None:
    word_list = embedded_word_list("mvp-29")
    assert len(word_list.terms) == 29
    assert (word_list.name, word_list.language) == ("mvp-29", "en")
    assert {score > 0 for score in word_list.terms.values()} == {True, False}


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("good 3\n", 1, "no tab"),
        ("good\t3\nbad\n", 2, "no tab"),
        ("good\tmuch\n", 1, "'much' is not a number"),
        ("good\t\n", 1, "is not a number"),
        ("good\tnan\n", 1, "outside -5 to 5"),
        ("good\t6\n", 1, "6 is outside -5 to 5"),
        ("\t3\n", 1, "is not words"),
        (":-)\t3\n", 1, "is not words"),
        ("good, bad\t3\n", 1, "is not words"),
        ("good\t3\n# comment\n\nGOOD\t2\n", 4, "'good' is listed twice"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, content: str, line: int, message: str) -> None:
    file = tmp_path / "list.txt"
    file.write_text(content)
    with pytest.raises(WordListError) as caught:
        read_word_list(file)
    assert f"list.txt, line {line}: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"# only a comment\n", b"\xff\xfe"])
def test_a_file_without_entries(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(content)
    with pytest.raises(WordListError, match=r"list\.txt"):
        read_word_list(file)


def test_a_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xef\xbb\xbfgood\t3\r\nnot good\t-2\r\n")
    assert read_word_list(file).terms == {"good": 3, "not good": -2}


def test_importing_it_imports_neither_max_nor_numpy() -> None:
    code = (
        "import sys, distilbert_sentiment_arch.lexicon.scorer;"
        "assert not {'max', 'numpy', 'fastapi'} & set(sys.modules)"
    )
    ended = run_python("-c", code)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\u202eb", "x" * 201])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"# name: {name}\ngood\t3\n", encoding="utf-8")
    with pytest.raises(WordListError, match="# name:") as raised:
        read_word_list(file)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500
