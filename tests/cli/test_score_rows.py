"""`max-sentiment score` on rows that cannot be scored: each keeps its place, with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
from scored_files import Score, rows, table, write_parquet


def test_rows_that_cannot_be_scored_keep_their_place(score: Score, tmp_path: Path) -> None:
    reviews = ["good", None, "", "  ", "nul\0", "bad"]
    source = pa.table({"id": [str(row) for row in range(6)], "review": reviews})
    write_parquet(tmp_path / "a.parquet", source)
    report = tmp_path / "report.html"
    ended = score(tmp_path / "a.parquet", "--text", "review", "--id", "id", "--report", report)
    assert ended.status == 0, ended.stderr
    found = rows(tmp_path / "out")
    assert [row["id"] for row in found] == list("012345")
    assert [row["label"] is None for row in found] == [False, True, True, True, True, False]
    for row in found[1:5]:
        assert row["error"], row
        assert row["score"] is row["probabilities"] is row["route"] is None
        assert (row["windows"]) == 0
    assert "2 scored, 4 failed" in ended.stdout
    page = report.read_text("utf-8")
    failed = page.partition("Failed rows: 4 of 4")[2].partition("</table>")[0]
    listed = re.findall(r"<td><bdi>(\d)</bdi></td><td><bdi>(\d)</bdi></td><td>", failed)
    assert listed == [(each, each) for each in "1234"]


def test_hostile_texts_and_names_do_not_break_the_report(score: Score, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    source = pa.table({"id": [f"{name}{row}" for row in range(3)], "review": [None] * 3})
    write_parquet(tmp_path / "a&b<i>.parquet", source)
    report = tmp_path / "r.html"
    ended = score(tmp_path / "a&b<i>.parquet", "--text", "review", "--id", "id", "--report", report)
    assert ended.status == 0, ended.stderr
    page = report.read_text("utf-8")
    assert "<script" not in page
    assert "<i>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_on_error_stop_ends_with_the_row_and_keeps_what_is_done(
    score: Score, tmp_path: Path
) -> None:
    source = table(50)
    reviews = source["review"].to_pylist()
    reviews[31] = None
    write_parquet(tmp_path / "a.parquet", pa.table({"id": source["id"], "review": reviews}))
    flags = [tmp_path / "a.parquet", "--text", "review", "--part-rows", "10"]
    ended = score(*flags, "--on-error", "stop")
    assert ended.status == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "a.parquet: row 32: " in ended.stderr
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    ended = score(*flags)
    assert ended.status == 0, ended.stderr
    assert [row["error"] is None for row in rows(tmp_path / "out")] == [
        index != 31 for index in range(50)
    ]


def test_bad_lines_are_rows_with_their_reason(score: Score, tmp_path: Path) -> None:
    lines = [
        b'{"id": "a", "review": "good"}',
        b'{"id": "b", "review": "bad \xff"}',
        b'{"id": "c", "review": "\\ud83d alone"}',
        b"not json",
        b'{"id": "e", "review": 7}',
        b'{"id": "f", "review": "bad"}',
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    ended = score(tmp_path / "a.jsonl", "--text", "review")
    assert ended.status == 0, ended.stderr
    found = rows(tmp_path / "out")
    assert [row["label"] for row in found] == ["POSITIVE", *[None] * 4, "NEGATIVE"]
    assert all(row["error"] for row in found[1:5])


def test_a_quote_that_never_ends_loses_no_row_around_it(score: Score, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,review\n1,good\n2,bad\n3,"never\n4,awful\n')
    ended = score(tmp_path / "a.csv", "--text", "review")
    assert ended.status == 0, ended.stderr
    found = rows(tmp_path / "out")
    assert [row["label"] for row in found] == ["POSITIVE", "NEGATIVE", None, "NEGATIVE"]
    assert "line 4" in found[2]["error"]
