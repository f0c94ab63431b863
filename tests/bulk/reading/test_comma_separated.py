"""CSV: as the standard library and pandas read it, and rows that are not in order."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import random
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from rows_read import rows_of, windows_of

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading import comma_separated
from distilbert_sentiment_arch.bulk.reading.files import count_rows, read_schema
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.errors import InputError


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def random_rows(seed: int, count: int) -> list[list[str]]:
    drawn = random.Random(seed)

    def cell() -> str:
        return "".join(drawn.choices('abc ,;"\n\té😀\0', k=drawn.randrange(12)))

    return [[f"{number}", cell() + ".", cell()] for number in range(count)]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_the_standard_library_writes_is_read(
    tmp_path: Path, quoting: Any, ending: str, delimiter: str
) -> None:
    rows = random_rows(7, 3000)
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=quoting, lineterminator=ending, delimiter=delimiter)
        writer.writerows([["id", "text", "note"], *rows])
    read = rows_of(tmp_path / "a.csv", delimiter=delimiter)
    assert [list(row.values()) for row in read.table.to_pylist()] == rows
    assert read.texts == [row[1] for row in rows]
    assert set(read.errors) == {None}


def test_what_pandas_writes_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a,b", 'say "hi"', "two\nlines"], "stars": [1, 2, 3]})
    frame.to_csv(tmp_path / "a.csv")
    read = rows_of(tmp_path / "a.csv", types={"stars": "int64"})
    # The index has no name.
    assert read.table.to_pylist() == [
        {"column_1": str(number), **row} for number, row in enumerate(frame.to_dict("records"))
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"]
)
def test_any_encoding_is_read_if_it_is_stated(tmp_path: Path, encoding: str) -> None:
    content = "text,id\r\nGrüße café,1\r\n"
    path = written(tmp_path / "a.csv", content.encode(encoding))
    assert rows_of(path, encoding=encoding).table.to_pylist() == [{"text": "Grüße café", "id": "1"}]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "\ufefftext,id\nhi,1\n")
    assert rows_of(path).table.column_names == ["text", "id"]


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", lambda data: pa.compress(data, "zstd", asbytes=True)),
        (".gz", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
        (".bz2", lambda data: bz2.compress(data[:100]) + bz2.compress(data[100:])),
    ],
)
def test_compressed_files_are_read(tmp_path: Path, suffix: str, compress: Any) -> None:
    rows = random_rows(1, 2000)
    text = io.StringIO()
    csv.writer(text).writerows([["id", "text", "note"], *rows])
    path = written(tmp_path / f"a.csv{suffix}", compress(text.getvalue().encode()))
    assert [list(row.values()) for row in rows_of(path).table.to_pylist()] == rows


@pytest.mark.parametrize("codec", ["lz4", "zstd", "gzip"])
def test_streams_that_arrow_compresses_are_read(tmp_path: Path, codec: str) -> None:
    path = tmp_path / f"a.csv.{ {'lz4': 'lz4', 'zstd': 'zst', 'gzip': 'gz'}[codec] }"
    with pa.CompressedOutputStream(str(path), codec) as stream:
        stream.write(b"text\nhello\n")
    assert rows_of(path).texts == ["hello"]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_a_truncated_compressed_file_is_refused(tmp_path: Path, suffix: str) -> None:
    compress: Any = {".gz": gzip, ".bz2": bz2, ".xz": lzma}[suffix]
    drawn = random.Random(0)
    content = "text\n" + "".join(f"{drawn.random()}\n" for _ in range(5_000))
    path = written(tmp_path / f"a.csv{suffix}", compress.compress(content.encode())[:-1000])
    with pytest.raises(InputError, match="cannot be read further") as error:
        windows_of(path)
    assert str(error.value).startswith(f"{path}: ")


def test_cells_have_the_types_that_are_stated(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        "text,n,x,day,ok,code\na, 5 ,1.5,2024-02-03,true,007\nb,,,,,\nc,x,1,2024-02-03,no,1\n",
    )
    types = {"n": "int64", "x": "float64", "day": "date32", "ok": "bool"}
    read = rows_of(path, types=types)
    assert read.table.to_pylist() == [
        {"text": "a", "n": 5, "x": 1.5, "day": date(2024, 2, 3), "ok": True, "code": "007"},
        {"text": "b", "n": None, "x": None, "day": None, "ok": None, "code": ""},
        {"text": "c", "n": None, "x": 1.0, "day": date(2024, 2, 3), "ok": None, "code": "1"},
    ]
    assert read.errors == [None, None, "'n' is 'x', which is no int64."]
    assert read.texts == ["a", "b", None]


def test_a_type_that_is_not_known_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text,n\na,1\n")
    for stated in ("integer", "list<int64>", ""):
        with pytest.raises(InputError, match=r"type .* of column 'n' is not known"):
            rows_of(path, types={"n": stated})


def test_a_type_of_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text,stars\na,1\n")
    with pytest.raises(InputError, match="Was 'stars' meant"):
        rows_of(path, types={"star": "int64"})


def test_rows_of_another_width_have_a_reason_and_keep_their_cells(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "id,text\n1,good\n2\n3,more,than,two\n4,fine\n")
    read = rows_of(path)
    assert read.table.to_pylist() == [
        {"id": "1", "text": "good"},
        {"id": "2", "text": None},
        {"id": "3", "text": "more"},
        {"id": "4", "text": "fine"},
    ]
    assert read.texts == ["good", None, None, "fine"]
    assert read.errors == [
        None,
        "Line 3 has 1 cell and the header 2.",
        "Line 4 has 4 cells and the header 2. The cells after them: ['than', 'two'].",
        None,
    ]


def test_lines_without_a_character_are_no_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'text\n\none\n\n""\n \n\n')
    assert rows_of(path).texts == ["one", "", " "]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_quote_that_is_not_closed_costs_its_line_only(tmp_path: Path, ending: str) -> None:
    lines = ["id,text", '1,"open', '2,"closed"', "3,plain", '4,"x"y', '5,"two', 'lines"', '6,"end']
    path = written(tmp_path / "a.csv", ending.join([*lines, "7,last", ""]))
    read = rows_of(path)
    assert read.texts == [None, "closed", "plain", None, f"two{ending}lines", None, "last"]
    assert [str(error)[:18] for error in read.errors if error] == [
        "The row of line 2 ",
        "The row of line 5 ",
        "The row of line 8 ",
    ]
    assert '1,"open' in str(read.errors[0])


def test_a_quote_that_is_not_closed_swallows_no_more_than_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comma_separated, "LONGEST_ROW", 10_000)
    plain = [f"{number},plain" for number in range(5000)]
    path = written(tmp_path / "a.csv", "\n".join(["id,text", '0,"open', *plain]))
    read = rows_of(path)
    assert read.texts == [None, *["plain"] * 5000]
    assert "has no end within 10000 characters" in str(read.errors[0])


def test_cells_may_be_longer_than_the_standard_library_lets_them(tmp_path: Path) -> None:
    text = "word " * 1_000_000
    path = written(tmp_path / "a.csv", f'id,text\n1,"{text}"\n2,b\n')
    assert rows_of(path).texts == [text, "b"]


def test_bytes_that_are_not_in_the_encoding_have_a_reason(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", b"id,text\n1,caf\xe9\n2,fine\n\xff,fine\n")
    read = rows_of(path)
    assert read.table.to_pylist()[0] == {"id": "1", "text": "caf\\xe9"}
    assert read.errors == [
        "'text' is no utf-8: byte 0xe9 at character 3.",
        None,
        "'id' is no utf-8: byte 0xff at character 0.",
    ]
    assert rows_of(path, keep=()).errors[1:] == [None, None]
    assert rows_of(path, encoding="latin-1").texts == ["café", "fine", "fine"]


def test_rows_of_a_range_are_that_range(tmp_path: Path) -> None:
    rows = random_rows(2, 9000)
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "text", "note"], *rows])
    for start, end in ((0, 1), (4095, 4097), (5000, 9000), (8999, 10_000), (9000, 9001)):
        windows = windows_of(tmp_path, start=start, end=end)
        texts = [text for window in windows for text in window.texts]
        assert texts == [row[1] for row in rows[start:end]]


@pytest.mark.parametrize("content", ["", "\n", "\ufeff", "id,text\n", "id,text"])
def test_files_without_rows_have_none(tmp_path: Path, content: str) -> None:
    path = written(tmp_path / "a.csv", content)
    assert windows_of(path) == []
    (file,) = find_files([str(path)], InputOptions())
    assert "text" in read_schema(file, InputOptions()).names
    assert count_rows(file, InputOptions()) is None


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (b'id,"text\n1,a\n', {}, "its header cannot be read"),
        (b"id,t\xe9xt\n1,a\n", {}, "its header is not in the encoding"),
        (b"id,text,id\n1,a,2\n", {}, "2 columns named 'id'"),
        (b"id;text\n1;a\n", {}, "has no column 'text'"),
        (b"id,text\n1,a\n", {"delimiter": "ab"}, "not one character"),
        (b"id,text\n1,a\n", {"encoding": "utf-99"}, "'utf-99' is no encoding"),
        (b"id,text\n1,a\n", {"encoding": "utf-16"}, "does not start with BOM"),
        (b"id,text\n1,a\n", {"encoding": "base64"}, "'base64' is no encoding"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused(
    tmp_path: Path, content: bytes, options: dict[str, Any], told: str
) -> None:
    path = written(tmp_path / "a.csv", content)
    with pytest.raises(InputError) as error:
        windows_of(path, **options)
    assert told in str(error.value)


def test_a_delimiter_may_be_spelled_as_in_programs(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "id\ttext\n1\ta\n")
    assert rows_of(path, delimiter="\\t").texts == ["a"]
