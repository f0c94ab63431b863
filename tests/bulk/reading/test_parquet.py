"""Parquet: rows as pyarrow wrote them, only the row groups asked for, damaged files."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import ROOT
from object_store import ObjectStore
from rows_read import rows_of, windows_of

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.files import count_rows, read_schema
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.errors import InputError


def reviews(rows: int) -> pa.Table:
    drawn = random.Random(3)
    return pa.table(
        {
            "id": range(rows),
            "text": [
                "".join(drawn.choices("abc é\n\0😀", k=drawn.randrange(1, 40))) for _ in range(rows)
            ],
            "tags": [[{"name": "x", "n": number}] * (number % 3) for number in range(rows)],
            "day": [None if number % 5 == 0 else date(2024, 1, 1) for number in range(rows)],
            "raw": [bytes([number % 256]) for number in range(rows)],
            "stars": pa.array(["one", "two", None, "three"] * rows, pa.string())[
                :rows
            ].dictionary_encode(),
        }
    )


def test_all_columns_come_as_they_were_written(tmp_path: Path) -> None:
    table = reviews(9000)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2500)
    read = rows_of(tmp_path / "a.parquet")
    assert read.table.equals(table.combine_chunks())
    assert read.texts == table["text"].to_pylist()
    assert set(read.errors) == {None}


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (2499, 2501), (2500, 7500), (8999, 20000), (9000, None)]
)
def test_a_range_of_rows_is_that_range(tmp_path: Path, start: int, end: int | None) -> None:
    table = reviews(9000)
    pq.write_table(table.slice(0, 6000), tmp_path / "a.parquet", row_group_size=2500)
    pq.write_table(table.slice(6000), tmp_path / "b.parquet")
    windows = windows_of(tmp_path, start=start, end=end)
    texts = [text for window in windows for text in window.texts]
    assert texts == table["text"].to_pylist()[start:end]


def test_row_groups_that_are_not_asked_for_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(reviews(4000), path, row_group_size=1000, compression="none")
    metadata = pq.read_metadata(path)
    damaged = bytearray(path.read_bytes())
    for column in range(metadata.num_columns):
        # The first and the third row group.
        for group in (0, 2):
            chunk = metadata.row_group(group).column(column)
            begin = chunk.dictionary_page_offset or chunk.data_page_offset
            damaged[begin : begin + chunk.total_compressed_size] = (
                b"\xff" * chunk.total_compressed_size
            )
    path.write_bytes(damaged)
    (window,) = windows_of(path, start=1000, end=2000)
    assert window.table["id"].to_pylist() == list(range(1000, 2000))
    with pytest.raises(InputError, match="cannot be read further"):
        windows_of(path, start=1000, end=2001)


def test_schema_and_rows_are_known_from_the_footer(tmp_path: Path) -> None:
    table = reviews(100)
    pq.write_table(table, tmp_path / "a.parquet")
    options = InputOptions(keep=("stars", "tags"))
    (file,) = find_files([str(tmp_path)], options)
    assert read_schema(file, options) == table.schema.empty_table().select(["stars", "tags"]).schema
    assert count_rows(file, options) == 100


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
    ids=str,
)
@pytest.mark.parametrize("dictionary", [True, False])
def test_texts_are_read_whatever_their_type(tmp_path: Path, kind: Any, dictionary: bool) -> None:
    texts = ["one", None, "zwei é", "one", "\0", ""] * 500
    column = pa.array([None if each is None else each.encode() for each in texts], pa.binary())
    column = column.cast(pa.string())
    if pa.types.is_dictionary(kind):
        column = column.dictionary_encode()
    table = pa.table({"text": column.cast(kind)})
    pq.write_table(table, tmp_path / "a.parquet", use_dictionary=dictionary)
    read = rows_of(tmp_path / "a.parquet")
    assert read.texts == texts
    assert read.table.schema == table.schema
    assert read.table["text"].to_pylist() == table["text"].to_pylist()
    assert [row for row, error in enumerate(read.errors) if error] == list(range(1, 3000, 6))


def test_bytes_that_are_no_text_have_a_reason_in_their_row(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"text": [b"good", b"\xffbad", None, b"go\xed\xa0\x80od"]}), tmp_path / "a.parquet"
    )
    read = rows_of(tmp_path / "a.parquet")
    assert read.texts == ["good", None, None, None]
    assert read.errors[0] is None
    assert "byte 0xff" in str(read.errors[1])
    assert "null" in str(read.errors[2])
    assert "byte 0xed" in str(read.errors[3])
    assert read.table["text"].to_pylist() == [b"good", b"\xffbad", None, b"go\xed\xa0\x80od"]


def test_strings_that_are_no_utf8_are_kept_written_out(tmp_path: Path) -> None:
    bad = pa.array([b"good", b"\xffbad", b"\xc3\xa9"], pa.binary())
    strings = pa.StringArray.from_buffers(3, bad.buffers()[1], bad.buffers()[2])
    nested = pa.ListArray.from_arrays([0, 1, 2, 3], strings)
    table = pa.table({"text": ["a", "b", "c"], "title": strings, "all": nested})
    pq.write_table(table, tmp_path / "a.parquet")
    read = rows_of(tmp_path / "a.parquet")
    assert read.table["title"].to_pylist() == ["good", "\\xffbad", "é"]
    assert read.table["all"].to_pylist() == [["good"], None, ["é"]]
    assert [error is None for error in read.errors] == [True, False, True]
    assert "'title' is no UTF-8: byte 0xff" in str(read.errors[1])


def test_columns_may_have_dots_in_their_names(tmp_path: Path) -> None:
    table = pa.table({"a.b": ["text"], "a": [{"b": 1}], "": [2]})
    pq.write_table(table, tmp_path / "a.parquet")
    read = rows_of(tmp_path / "a.parquet", text="a.b")
    assert read.texts == ["text"]
    assert read.table.to_pylist() == [{"a.b": "text", "a": {"b": 1}, "": 2}]


def test_pandas_writes_what_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", None, "c"], "n": [1.5, None, 3.0]}, index=[5, 6, 7])
    frame.to_parquet(tmp_path / "a.parquet")
    read = rows_of(tmp_path / "a.parquet")
    assert read.texts == ["a", None, "c"]
    assert read.table["__index_level_0__"].to_pylist() == [5, 6, 7]


def test_a_file_without_rows_has_none(tmp_path: Path) -> None:
    pq.write_table(reviews(0), tmp_path / "a.parquet")
    assert windows_of(tmp_path / "a.parquet") == []


@pytest.mark.parametrize("size", [0, 3, 100, -1, -1000])
def test_a_truncated_file_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(reviews(1000), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match=r"cannot be read further.*leave it out") as error:
        windows_of(path)
    assert str(error.value).startswith(f"{path}: ")


def test_a_damaged_footer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["text é"] * 50, "tags": [["x"]] * 50}), path)
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    drawn = random.Random(5)
    program = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from rows_read import windows_of
from distilbert_sentiment_arch.errors import InputError
for path in sorted(Path(sys.argv[1]).glob("*.parquet")):
    try:
        windows_of(path)
    except InputError:
        pass
"""
    for number in range(200):
        damaged = bytearray(content)
        damaged[len(content) - 8 - drawn.randrange(1, length)] ^= 1 << drawn.randrange(8)
        (tmp_path / f"{number}.parquet").write_bytes(damaged)
    # In a process of its own, as pyarrow may end it.
    subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, timeout=300, check=True
    )


def test_a_cell_of_50_mb_is_a_row_like_others(tmp_path: Path) -> None:
    texts = ["small", "x" * 50_000_000, "small again"]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    windows = windows_of(tmp_path / "a.parquet")
    assert [text for window in windows for text in window.texts] == texts
    assert [len(window.texts) for window in windows] == [1, 1, 1]


def test_a_long_text_in_many_rows_takes_its_bytes_once(tmp_path: Path) -> None:
    texts = ["x" * 200_000] * 500
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    before = pa.total_allocated_bytes()
    rows = 0
    for window in windows_of(tmp_path / "a.parquet", keep=(), end=200):
        rows += len(window.texts)
        assert sum(len(text or "") for text in window.texts) <= 2**24
    assert rows == 200
    assert pa.total_allocated_bytes() - before < 2**26


def test_compressed_parquet_is_read_from_a_copy(tmp_path: Path) -> None:
    table = reviews(500)
    pq.write_table(table, tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet.gz").write_bytes(gzip.compress(content))
    assert rows_of(tmp_path / "b.parquet.gz").table.equals(table.combine_chunks())


def test_rows_are_read_from_a_bucket(s3: ObjectStore) -> None:
    bucket = s3.bucket("parquet")
    table = reviews(3000)
    pq.write_table(table.slice(0, 2000), bucket / "a.parquet", row_group_size=300)
    pq.write_table(table.slice(2000), bucket / "b.parquet")
    assert rows_of("s3://parquet/*.parquet").table.equals(table.combine_chunks())
    assert (
        rows_of("s3://parquet", start=1999, end=2001).texts == table["text"].to_pylist()[1999:2001]
    )
