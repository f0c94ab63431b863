"""Plain text: a row a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from rows_read import rows_of, windows_of

from distilbert_sentiment_arch.bulk.reading import streams
from distilbert_sentiment_arch.errors import InputError


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"one\ntwo", ["one", "two"]),
        (b"\none\n\n", ["", "one", ""]),
        (b"\xef\xbb\xbfone\n", ["one"]),
        ("a\u2028b\vc\x0cd\x85e\rf\n".encode(), ["a\u2028b\vc\x0cd\x85e\rf"]),
        (b"nul\0byte\n", ["nul\0byte"]),
        (b" spaces \n", [" spaces "]),
    ],
)
def test_each_line_is_a_row(tmp_path: Path, content: bytes, texts: list[str]) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    read = rows_of(tmp_path / "a.txt")
    assert read.texts == texts
    assert read.table.to_pydict() == {"text": texts}


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    assert windows_of(tmp_path / "a.txt") == []


def test_any_encoding_is_read_if_it_is_stated(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("こんにちは\n世界\n".encode("shift_jis"))
    assert rows_of(tmp_path / "a.txt", encoding="shift_jis").texts == ["こんにちは", "世界"]
    read = rows_of(tmp_path / "a.txt")
    assert read.texts == [None, None]
    assert "no utf-8: byte 0x82" in str(read.errors[0])


def test_a_truncated_character_of_utf16_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("one\ntwo\n".encode("utf-16")[:-1])
    read = rows_of(tmp_path / "a.txt", encoding="utf-16")
    assert read.texts == ["one", None]


def test_a_line_without_an_end_is_cut_and_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LONGEST_ROW", 100)
    (tmp_path / "a.txt").write_text("x" * 99 + "\n" + "y" * 250 + "\nlast\n")
    read = rows_of(tmp_path / "a.txt")
    assert read.texts == ["x" * 99, None, "last"]
    assert read.table["text"].to_pylist() == ["x" * 99, "y" * 100, "last"]


def test_a_return_in_a_line_that_is_cut_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LONGEST_ROW", 100)
    monkeypatch.setattr(streams, "_BUFFER", 10)
    (tmp_path / "a.txt").write_bytes(b"y" * 109 + b"\r" + b"z" * 99 + b"\r" * 20 + b"\nlast\n")
    read = rows_of(tmp_path / "a.txt")
    assert read.texts == [None, "last"]


def test_a_range_of_rows_is_that_range(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"{number}\n" for number in range(5000)))
    (tmp_path / "b.txt").write_text("".join(f"{number}\n" for number in range(5000, 6000)))
    for start, end in ((0, 0), (4999, 5001), (100, 5900), (5999, None)):
        windows = windows_of(tmp_path, start=start, end=end)
        texts = [text for window in windows for text in window.texts]
        assert texts == [str(number) for number in range(6000)][start:end]


def test_there_is_no_other_column(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello\n")
    with pytest.raises(InputError, match="Its columns: 'text'"):
        rows_of(tmp_path / "a.txt", text="review")
