"""Part files: what other programs read from them, and their bytes."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from distilbert_sentiment_arch.bulk.job.schema import answer_schema
from distilbert_sentiment_arch.bulk.job.writing import (
    GROUP_BYTES,
    GROUP_ROWS,
    check_schema,
    open_writer,
)
from distilbert_sentiment_arch.bulk.options import OUTPUT_FORMATS, OutputFormat
from distilbert_sentiment_arch.errors import InputError

LABELS = ("NEG", "POS")


def table(rows: int, **kept: Any) -> pa.Table:
    """Rows with kept columns and answers; each tenth has none."""
    failed = [row % 10 == 9 for row in range(rows)]
    positive = [np.float32(row % 7 / 7) for row in range(rows)]
    answer = {
        "label": ["POS" if each > 0.5 else "NEG" for each in positive],
        "score": [max(each, np.float32(1) - each) for each in positive],
        "probabilities": [[1 - each, each] for each in positive],
        "tokens": [row % 50 for row in range(rows)],
        "tokens_read": [row % 50 for row in range(rows)],
        "windows": [1] * rows,
        "route": ["model"] * rows,
        "error": [None] * rows,
    }
    for name in ("label", "score", "probabilities", "route"):
        answer[name] = [None if no else each for each, no in zip(answer[name], failed, strict=True)]
    answer["error"] = ['It is "blank",\nsent.' if no else None for no in failed]
    schema = answer_schema(2, explained=False)
    answers = pa.table(
        [pa.array(answer[each.name], each.type) for each in schema], names=schema.names
    )
    columns = {name: pa.array(values) for name, values in kept.items()}
    columns |= dict(zip(answers.column_names, answers.columns, strict=True))
    return pa.table(columns)


def written(path: Path, output_format: OutputFormat, *tables: pa.Table) -> bytes:
    writer = open_writer(path, output_format, tables[0].schema, LABELS)
    for each in tables:
        writer.write(each)
    writer.close()
    return path.read_bytes()


@pytest.mark.parametrize("output_format", OUTPUT_FORMATS)
def test_bytes_follow_from_the_rows_and_not_from_their_windows(
    tmp_path: Path, output_format: OutputFormat
) -> None:
    rows = 10_000
    texts = [f"text {row}" * (row % 9) for row in range(rows)]
    whole = table(rows, id=range(rows), text=texts, tags=[["a"] * (r % 3) for r in range(rows)])
    first = written(tmp_path / "first", output_format, whole)
    chance = np.random.default_rng(1)
    for attempt in range(3):
        ends = [0, *sorted(chance.integers(0, rows, 6).tolist()), rows]
        pieces = [whole.slice(a, b - a) for a, b in itertools.pairwise(ends)]
        # Other chunks and offsets, as other windows have them.
        pieces[2] = pa.concat_tables([pieces[2][:5], pieces[2][5:]])
        pieces[3] = pa.Table.from_pylist(pieces[3].to_pylist(), schema=whole.schema)
        assert written(tmp_path / f"again-{attempt}", output_format, *pieces) == first


def test_parquet_gives_back_what_was_written(tmp_path: Path) -> None:
    rows = table(30, id=range(30), at=[datetime(2026, 1, 2, 3, 4, 5)] * 30, tags=[["a", None]] * 30)
    written(tmp_path / "part.parquet", "parquet", rows[:7], rows[7:])
    assert pq.read_table(tmp_path / "part.parquet").equals(rows)


def test_row_groups_are_bounded_in_rows_and_bytes(tmp_path: Path) -> None:
    written(tmp_path / "many", "parquet", table(2 * GROUP_ROWS + 1, id=range(2 * GROUP_ROWS + 1)))
    assert group_rows(tmp_path / "many") == [GROUP_ROWS, GROUP_ROWS, 1]
    large = table(5, text=["x" * (GROUP_BYTES // 2)] * 5)
    written(tmp_path / "large", "parquet", large)
    assert group_rows(tmp_path / "large") == [2, 2, 1]


def group_rows(path: Path) -> list[int]:
    metadata = pq.read_metadata(path)
    return [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]


def test_json_lines(tmp_path: Path) -> None:
    rows = table(
        10,
        id=range(10),
        text=['two\nlines, \u2028 "quoted" \N{GRINNING FACE}'] * 10,
        day=[date(2026, 1, 2)] * 10,
        at=pa.array([10**18 + 1] * 10, pa.timestamp("ns", "UTC")),
        price=[Decimal("1.10")] * 10,
        raw=[b"\xff\x00"] * 10,
        ratio=[float("nan"), float("inf"), *[0.5] * 8],
        tags=[[{"a": date(2026, 1, 2)}]] * 10,
        flag=[True, None] * 5,
    )
    content = written(tmp_path / "part.jsonl", "jsonl", rows)
    # Not splitlines(), for which U+2028 ends a line.
    lines = [json.loads(line) for line in content.decode().removesuffix("\n").split("\n")]
    assert len(lines) == 10
    first, last = lines[0], lines[9]
    assert list(first) == rows.column_names
    assert first["text"] == 'two\nlines, \u2028 "quoted" \N{GRINNING FACE}'
    assert first["day"] == "2026-01-02"
    assert first["at"] == "2001-09-09T01:46:40.000000001Z"
    assert (first["price"], first["raw"], first["tags"]) == ("1.10", "/wA=", [{"a": "2026-01-02"}])
    assert [each["ratio"] for each in lines[:3]] == [None, None, 0.5]
    assert [each["flag"] for each in lines[:2]] == [True, None]
    assert (last["label"], last["score"], last["probabilities"]) == (None, None, None)
    assert last["error"] == 'It is "blank",\nsent.'
    for row, each in zip(rows.to_pylist()[:9], lines[:9], strict=True):
        assert list(each["probabilities"]) == list(LABELS)
        # Short, and still the same 32 bits.
        assert np.float32(each["score"]) == np.float32(row["score"])
        assert len(str(each["score"])) <= 12


def test_csv(tmp_path: Path) -> None:
    text = ["plain", 'comma, "quote"\r\nline', "", None, *["x"] * 6]
    rows = table(10, text=text, tags=[["a", 1 and "é"]] * 10, raw=[b"\xff"] * 10)
    content = written(tmp_path / "part.csv", "csv", rows[:4], rows[4:])
    found = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert list(found[0]) == [
        *("text", "tags", "raw", "label", "score", "p_NEG", "p_POS"),
        *("tokens", "tokens_read", "windows", "route", "error"),
    ]
    assert [each["text"] for each in found[:4]] == [*text[:3], ""]
    # What is null is not quoted, so that other readers tell it from an empty text.
    assert content.count(b'\n"",') == 1
    assert content.count(b"\n,") == 1
    assert found[0]["tags"] == '["a", "é"]'
    assert found[0]["raw"] == "/w=="
    for row, each in zip(rows.to_pylist()[:9], found[:9], strict=True):
        assert np.float32(each["p_POS"]) == np.float32(row["probabilities"][1])
    assert (found[9]["p_POS"], found[9]["error"]) == ("", 'It is "blank",\nsent.')


def test_texts_that_are_no_utf8_are_mended_in_json_lines(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(pa.string(), 1, pa.array([b"a\xffb"], pa.binary()).buffers())
    rows = table(1).add_column(0, "text", broken)
    [line] = written(tmp_path / "part.jsonl", "jsonl", rows).decode().splitlines()
    assert json.loads(line)["text"] == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("output_format", OUTPUT_FORMATS)
def test_a_part_without_rows_can_be_read(tmp_path: Path, output_format: OutputFormat) -> None:
    path = tmp_path / "part"
    content = written(path, output_format, table(1, id=[1])[:0])
    if output_format == "parquet":
        assert pq.read_table(path).column_names[:2] == ["id", "label"]
    elif output_format == "csv":
        assert content.startswith(b'"id","label","score","p_NEG"')
    else:
        assert content == b""


def test_types_that_parquet_lacks_are_refused_with_the_column() -> None:
    schema = pa.schema([("id", pa.int64()), ("gap", pa.month_day_nano_interval())])
    with pytest.raises(InputError, match=r"'gap'.*--keep"):
        check_schema(schema, "parquet", LABELS)
    check_schema(schema, "jsonl", LABELS)


def test_a_column_named_as_a_probability_is_refused_in_csv_only() -> None:
    schema = pa.schema([("id", pa.int64()), ("p_POS", pa.int64())])
    with pytest.raises(InputError, match="'p_POS'"):
        check_schema(schema, "csv", LABELS)
    check_schema(schema, "parquet", LABELS)
