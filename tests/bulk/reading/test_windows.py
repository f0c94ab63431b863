"""Windows: bounded, the same whatever the files, with pairs, and files that change meanwhile."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rows_read import rows_of, windows_of

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.bulk.reading.windows import WINDOW_BYTES, WINDOW_ROWS, read_windows
from distilbert_sentiment_arch.classify.interface import TextPair
from distilbert_sentiment_arch.errors import InputError


def test_where_windows_end_depends_on_the_rows_only(tmp_path: Path) -> None:
    drawn = random.Random(11)
    texts = ["x" * int(10 ** drawn.uniform(0, 6.5)) for _ in range(60)] + ["short"] * 6000
    table = pa.table({"text": texts})
    one, many, lines = tmp_path / "one", tmp_path / "many", tmp_path / "lines.txt"
    one.mkdir()
    many.mkdir()
    pq.write_table(table, one / "a.parquet")
    begin = 0
    while begin < len(table):
        rows = drawn.randrange(1, 900)
        pq.write_table(table.slice(begin, rows), many / f"{begin:06}.parquet", row_group_size=100)
        begin += rows
    lines.write_text("\n".join(texts))
    expected = [len(window.texts) for window in windows_of(one)]
    assert [len(window.texts) for window in windows_of(many)] == expected
    assert [len(window.texts) for window in windows_of(lines)] == expected
    assert sum(expected) == len(texts)
    assert max(expected) == WINDOW_ROWS
    begin = 0
    for rows in expected:
        size = sum(map(len, texts[begin : begin + rows]))
        assert rows == 1 or size <= WINDOW_BYTES
        # One more row would be too many.
        more = texts[begin + rows : begin + rows + 1]
        assert rows == WINDOW_ROWS or not more or size + len(more[0]) > WINDOW_BYTES
        begin += rows


def test_columns_that_are_kept_count_as_well(tmp_path: Path) -> None:
    table = pa.table({"text": ["a"] * 20, "page": [["x" * 1_000_000, None]] * 20})
    pq.write_table(table, tmp_path / "a.parquet")
    assert [len(window.texts) for window in windows_of(tmp_path)] == [16, 4]
    assert [len(window.texts) for window in windows_of(tmp_path, keep=("text",))] == [20]


def test_pairs_have_two_texts_and_one_reason(tmp_path: Path) -> None:
    table = pa.table({"q": ["a", None, "c"], "a": ["x", "y", None], "id": [1, 2, 3]})
    pq.write_table(table, tmp_path / "a.parquet")
    read = rows_of(tmp_path, text="q", text_pair="a", keep=("id",))
    assert read.texts == [TextPair("a", "x"), None, None]
    assert read.errors == [None, "'q' is null: there is no text.", "'a' is null: there is no text."]
    assert read.table.to_pylist() == [{"id": 1}, {"id": 2}, {"id": 3}]


def test_a_table_without_columns_has_its_rows(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (window,) = windows_of(tmp_path / "a.txt", keep=())
    assert window.table.num_columns == 0
    assert window.texts == ["one", "two"]
    assert window.table.num_rows == 2


def test_a_file_that_was_changed_before_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\n")
    files = find_files([str(path)], InputOptions())
    os.utime(path, ns=(0, 1))
    with pytest.raises(InputError, match="was changed or removed") as error:
        list(read_windows(files, InputOptions()))
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("how", ["grown", "removed"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{number}\n" for number in range(20_000)))
    files = find_files([str(path)], InputOptions())
    windows = read_windows(files, InputOptions())
    next(windows)
    if how == "grown":
        with path.open("a") as file:
            file.write("more\n")
    else:
        path.unlink()
    with pytest.raises(InputError, match="was changed or removed"):
        list(windows)


def test_a_file_that_is_gone_before_the_job_begins_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"]}), path)
    files = find_files([str(path)], InputOptions())
    path.unlink()
    with pytest.raises(InputError, match="cannot be read further"):
        list(read_windows(files, InputOptions()))


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As root reads everything, a directory is put in the place of the file.
    path = tmp_path / "a.csv"
    path.write_text("text\na\n")
    files = find_files([str(path)], InputOptions())
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match="cannot be read further"):
        list(read_windows(files, InputOptions()))


def test_no_files_have_no_windows() -> None:
    assert list(read_windows([], InputOptions())) == []
