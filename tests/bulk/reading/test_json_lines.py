"""JSON lines: as the standard library reads each, and lines that are not in order."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from rows_read import rows_of, windows_of

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading import streams
from distilbert_sentiment_arch.bulk.reading.files import count_rows, read_schema
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.errors import InputError


def written(path: Path, *lines: object) -> Path:
    """Writes strings as they are and other values as JSON, each on a line."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def random_rows(seed: int, count: int) -> list[dict[str, Any]]:
    drawn = random.Random(seed)
    return [
        {
            "id": drawn.randrange(-(2**63), 2**63),
            "text": "".join(drawn.choices('abc é😀\n\\"\0\u2028', k=drawn.randrange(20))),
            "score": drawn.choice([None, drawn.random() * 10.0 ** drawn.randrange(-300, 300)]),
            "good": drawn.choice([True, False, None]),
            "tags": drawn.choices(["x", "y"], k=drawn.randrange(3)),
            "place": {"lat": drawn.random(), "names": {"de": "Köln", "en": None}},
        }
        for _ in range(count)
    ]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_values_come_as_the_standard_library_reads_them(tmp_path: Path, ascii_only: bool) -> None:
    rows = random_rows(5, 5000)
    path = written(
        tmp_path / "a.jsonl", *(json.dumps(row, ensure_ascii=ascii_only) for row in rows)
    )
    read = rows_of(path)
    assert read.table.to_pylist() == rows
    assert read.texts == [row["text"] for row in rows]
    assert set(read.errors) == {None}


def test_what_pandas_writes_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "stars": [1, 2], "x": [0.5, None]})
    frame.to_json(tmp_path / "a.jsonl.gz", orient="records", lines=True)
    assert rows_of(tmp_path / "a.jsonl.gz").table.to_pylist() == [
        {"text": "a", "stars": 1, "x": 0.5},
        {"text": "b", "stars": 2, "x": None},
    ]


def test_keys_may_come_and_go(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"text": "a", "n": 1}, {"m": "x", "text": "b"})
    assert rows_of(path).table.to_pylist() == [
        {"text": "a", "n": 1, "m": None},
        {"text": "b", "n": None, "m": "x"},
    ]


def test_the_columns_of_a_job_are_those_of_its_first_rows(tmp_path: Path) -> None:
    first = written(tmp_path / "a.jsonl", {"text": "a", "n": 1, "t": "x"})
    second = written(tmp_path / "b.jsonl", {"text": "b", "n": "two", "t": [1, "y"], "new": 5})
    read = rows_of(first, second)
    assert read.table.to_pylist() == [
        {"text": "a", "n": 1, "t": "x"},
        {"text": "b", "n": None, "t": '[1,"y"]'},
    ]
    assert read.errors == [None, "'n' is 'two', and the column holds int64."]


def test_a_key_that_comes_late_is_refused_by_name_unless_the_first_row_has_it(
    tmp_path: Path,
) -> None:
    rows = [{"text": "a"}] * 10_000 + [{"text": "b", "late": 3}]
    path = written(tmp_path / "a.jsonl", *rows)
    assert rows_of(path).table.column_names == ["text"]
    with pytest.raises(InputError, match=r"has no column 'late'.*--keep"):
        rows_of(path, keep=("text", "late"))
    path = written(tmp_path / "a.jsonl", {"text": "c", "late": None}, *rows)
    kept = rows_of(path, keep=("late",)).table
    assert kept.column("late").to_pylist() == [None] * 10_001 + ["3"]


def test_a_column_of_several_types_is_text(tmp_path: Path) -> None:
    values: list[Any] = ["five", 5, 5.5, None, True, {"a": [1]}, 2**70, []]
    path = written(tmp_path / "a.jsonl", *({"text": "a", "x": value} for value in values))
    texts = ["five", "5", "5.5", None, "true", '{"a":[1]}', str(2**70), "[]"]
    read = rows_of(path)
    assert read.table["x"].to_pylist() == texts
    assert set(read.errors) == {None}


@pytest.mark.parametrize(
    "values",
    [
        [2**53 + 1, 0.5],
        [2**63, 1],
        [-(2**63), 2**63 - 1],
        [None, None],
        [{}, {}],
        [[], []],
        [[1], ["a"]],
        [{"a": 1}, {"a": {"b": 1}}],
    ],
    ids=str,
)
def test_no_number_is_rounded_and_nothing_is_left_out(tmp_path: Path, values: list[Any]) -> None:
    path = written(tmp_path / "a.jsonl", *({"text": "a", "x": value} for value in values))
    kept = rows_of(path).table["x"].to_pylist()
    assert [value if type(value) is not str else json.loads(value) for value in kept] == values


def test_a_value_that_comes_later_and_does_not_fit_has_a_reason(tmp_path: Path) -> None:
    good = {"text": "a", "i": 1, "f": 0.5, "b": True, "o": {"k": 1}, "l": [1]}
    bad: list[dict[str, Any]] = [
        {"i": 1.5}, {"i": True}, {"i": 2**63}, {"f": 2**53 + 1}, {"f": "x"}, {"b": 1},
        {"o": {"k": 1, "new": 2}}, {"o": {"k": "x"}}, {"o": [1]}, {"l": ["x"]}, {"l": {"k": 1}},
    ]  # fmt: skip
    fine: list[dict[str, Any]] = [{"f": 7}, {"o": {}}, {"o": None}, {"l": [None]}, {"f": None}]
    rows = [good] * 10_000 + [{**good, **each} for each in [*bad, *fine]]
    read = rows_of(written(tmp_path / "a.jsonl", *rows))
    for row, changed in enumerate(bad, 10_000):
        ((name, _),) = changed.items()
        assert str(read.errors[row]).startswith(f"'{name}' is "), changed
        assert read.table[name][row].as_py() is None
    assert set(read.errors[:10_000]) == {None}
    assert set(read.errors[-len(fine) :]) == {None}


def test_a_number_beyond_a_double_has_a_reason(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.jsonl", *['{"text": "a", "x": 0.5}'] * 10_000, '{"text": "b", "x": 1e999}'
    )
    read = rows_of(path)
    assert read.table["x"][10_000].as_py() is None
    assert str(read.errors[10_000]).startswith("'x' is inf")


def test_python_writes_nan(tmp_path: Path) -> None:
    read = rows_of(
        written(tmp_path / "a.jsonl", {"text": "a", "x": math.nan}, {"text": "b", "x": 1})
    )
    assert math.isnan(read.table["x"][0].as_py())
    assert read.texts == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "is no JSON ("),
        ('{"text": "a"} {"text": "b"}', "is no JSON (Extra data"),
        ("['a']", "is no JSON ("),
        ('["a"]', "is no JSON object: '[\"a\"]'"),
        ('"a"', "is no JSON object"),
        ("null", "is no JSON object: 'null'"),
        ('{"text": "a", "text": "b"}', "has the key 'text' twice"),
        ('{"text": "a", "x": {"k": 1, "k": 2}}', "has the key 'k' twice"),
        ("[" * 100_000, "is no JSON ("),
        ('{"text": ' + "9" * 5000 + "}", "is no JSON ("),
        ('{"id": 1}', "The key 'text' is missing."),
        ('{"text": null}', "'text' is null"),
        ('{"text": 5}', "'text' is 5, which is no text."),
        ('{"text": ["a"]}', "'text' is ['a'], which is no text."),
        (r'{"text": "\ud800"}', r"'text' is no Unicode: a lone surrogate, \ud800, at character 0."),
        (r'{"text": "ok", "x": "\udfff"}', "'x' is no"),
        (r'{"text": "ok", "\ud800": 1}', "has a key that is no Unicode"),
        (r'{"text": "ok", "y": [{"\uDFFF": 1}]}', "has a key that is no Unicode"),
    ],
)
def test_a_line_that_is_no_row_has_a_reason(tmp_path: Path, line: str, told: str) -> None:
    path = written(tmp_path / "a.jsonl", {"text": "before", "x": "y"}, line, {"text": "after"})
    read = rows_of(path)
    assert read.texts == ["before", None, "after"]
    assert told in str(read.errors[1])
    assert [read.errors[0], read.errors[2]] == [None, None]


def test_texts_that_are_no_unicode_are_kept_written_out(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", r'{"text": "a\ud800b"}', {"text": "c"})
    assert rows_of(path).table["text"].to_pylist() == ["a\\ud800b", "c"]


def test_bytes_that_are_not_in_the_encoding_have_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "caf\xe9"}\n{"text": "fine"}\n\xff\xfe\n')
    read = rows_of(path)
    assert read.texts == [None, "fine", None]
    assert read.table["text"].to_pylist()[0] == "caf\\xe9"
    assert rows_of(path, encoding="latin-1").texts == ["café", "fine", None]


def test_a_byte_order_mark_and_any_line_end_are_no_part_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a"}\r\n\r\n  \n{"text": "b"}\n{"text": "c"}')
    assert rows_of(path).texts == ["a", "b", "c"]


def test_a_line_without_an_end_is_a_row_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LONGEST_ROW", 1000)
    path = written(tmp_path / "a.jsonl", {"text": "a"}, {"text": "x" * 5000}, {"text": "b"})
    read = rows_of(path)
    assert read.texts == ["a", None, "b"]
    assert "over" in str(read.errors[1])


def test_a_cell_of_50_mb_is_a_row_like_others(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"text": "a"}, {"text": "x" * 50_000_000}, {"text": "b"})
    assert [len(text or "") for text in rows_of(path).texts] == [1, 50_000_000, 1]


def test_rows_of_a_range_are_that_range(tmp_path: Path) -> None:
    rows = [{"text": f"text {number}"} for number in range(9000)]
    written(tmp_path / "a.jsonl", *rows[:5000], "", " ")
    written(tmp_path / "b.jsonl", *rows[5000:])
    for start, end in ((0, 1), (4999, 5001), (4096, 9000), (8999, 10_000), (9000, 9001)):
        windows = windows_of(tmp_path, start=start, end=end)
        texts = [text for window in windows for text in window.texts]
        assert texts == [row["text"] for row in rows[start:end]]


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b"")])
def test_files_without_rows_have_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ("a.jsonl.gz" if content[:1] == b"\x1f" else "a.jsonl")
    path.write_bytes(content)
    assert windows_of(path) == []
    (file,) = find_files([str(path)], InputOptions())
    assert read_schema(file, InputOptions()).names == ["text"]
    assert count_rows(file, InputOptions()) is None


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"text": "a"}], indent=1))
    with pytest.raises(InputError, match="no line of its beginning is a JSON object") as error:
        rows_of(tmp_path / "a.json")
    assert "jq -c '.[]'" in str(error.value)


def test_a_wrong_name_lists_the_keys(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", {"review": "a", "id": 1})
    with pytest.raises(InputError, match="'review', 'id'"):
        rows_of(path, text="rewiev")


@pytest.mark.parametrize("levels", [60, 300, 600, 900, 100_000])
@pytest.mark.parametrize("begin", ["[", '{"é":'])
def test_a_line_of_many_levels_is_a_row_with_a_reason(
    tmp_path: Path, levels: int, begin: str
) -> None:
    deep = begin * levels + "1" + ("]" if begin == "[" else "}") * levels
    path = written(
        tmp_path / "a.jsonl",
        {"text": "a", "x": [[1]]},
        f'{{"text": "b", "x": {deep}}}',
        {"text": "c"},
    )
    rows = rows_of(path)
    assert rows.texts == ["a", None, "c"]
    assert [each is None for each in rows.errors] == [True, False, True]
    assert "Line 2 is " in str(rows.errors[1])


def test_as_many_levels_as_files_can_name_are_kept(tmp_path: Path) -> None:
    deep = json.loads("[" * 49 + "1" + "]" * 49)
    path = written(tmp_path / "a.jsonl", {"text": "a", "x": deep}, {"text": "b", "x": None})
    rows = rows_of(path)
    assert rows.table.to_pylist() == [{"text": "a", "x": deep}, {"text": "b", "x": None}]
    pa.ipc.read_schema(rows.table.schema.serialize())
