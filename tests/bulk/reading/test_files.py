"""Columns of all files of a job together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rows_read import rows_of

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.files import read_common_schema
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.errors import InputError


def write(directory: Path, *tables: dict[str, Any]) -> None:
    for number, columns in enumerate(tables):
        pq.write_table(pa.table(columns), directory / f"{number}.parquet")


def test_types_that_go_together_become_the_one_that_holds_all(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"text": ["a"], "n": pa.array([1], pa.int32()), "x": pa.nulls(1), "s": ["u"]},
        {"s": pa.array(["v"], pa.large_string()), "text": ["b"], "n": [2**40], "x": [0.5]},
        {"text": pa.nulls(1), "n": pa.array([7], pa.uint8()), "x": pa.array([1], pa.float32()),
         "s": pa.array(["w"]).dictionary_encode()},
    )  # fmt: skip
    read = rows_of(tmp_path)
    assert read.table.schema == pa.schema(
        [("text", pa.string()), ("n", pa.int64()), ("x", pa.float64()), ("s", pa.string())]
    )
    assert read.table.to_pylist() == [
        {"text": "a", "n": 1, "x": None, "s": "u"},
        {"text": "b", "n": 2**40, "x": 0.5, "s": "v"},
        {"text": None, "n": 7, "x": 1.0, "s": "w"},
    ]
    assert read.texts == ["a", "b", None]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"text": ["b"], "n": ["2"]}, "column 'n' holds string, and int64 in"),
        ({"text": ["b"], "n": [2.5]}, "column 'n' holds double, and int64 in"),
        ({"text": ["b"]}, "has no column 'n', which"),
        ({"text": ["b"], "n": [2], "new": [1]}, "has no column 'new', which"),
    ],
)
def test_files_that_differ_in_a_column_are_refused_unless_it_is_left_out(
    tmp_path: Path, other: dict[str, Any], told: str
) -> None:
    write(tmp_path, {"text": ["a"], "n": [1]}, other)
    with pytest.raises(InputError) as error:
        rows_of(tmp_path)
    assert told in str(error.value)
    assert "--keep" in str(error.value)
    assert "0.parquet" in str(error.value)
    assert "1.parquet" in str(error.value)
    assert rows_of(tmp_path, keep=("text",)).texts == ["a", "b"]


def test_a_column_of_texts_that_a_file_lacks_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"text": ["a"]}, {"review": ["b"]})
    with pytest.raises(InputError, match=r"1.parquet: has no column 'text'"):
        rows_of(tmp_path, keep=())


def test_empty_files_say_nothing_about_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "b.csv").write_text("id,text\n1,a\n")
    (tmp_path / "c.csv").touch()
    assert rows_of(tmp_path).table.to_pylist() == [{"id": "1", "text": "a"}]


def test_files_that_are_all_empty_have_the_columns_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    options = InputOptions(text="review", text_pair="answer", keep=("id",))
    files = find_files([str(tmp_path)], options)
    assert read_common_schema(files, options) == pa.schema([("id", pa.string())])


def test_formats_may_be_mixed_where_columns_agree(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,id\na,1\n")
    (tmp_path / "b.jsonl").write_text('{"id": "2", "text": "b"}\n')
    write(tmp_path, {"text": ["c"], "id": ["3"]})
    inputs = [tmp_path / name for name in ("a.csv", "b.jsonl", "0.parquet")]
    assert rows_of(*inputs).table.to_pylist() == [
        {"text": "a", "id": "1"},
        {"text": "b", "id": "2"},
        {"text": "c", "id": "3"},
    ]


def test_a_file_that_differs_is_refused_even_if_it_comes_after_the_job_began(
    tmp_path: Path,
) -> None:
    from distilbert_sentiment_arch.bulk.reading.windows import read_windows

    write(tmp_path, {"text": ["a"], "n": [1]}, {"text": ["b"], "n": ["2"]})
    options = InputOptions()
    files = find_files([str(tmp_path)], options)
    with pytest.raises(InputError, match="column 'n' holds string, and int64 in files before it"):
        list(read_windows(files, options))
