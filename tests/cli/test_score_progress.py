"""What `max-sentiment score` tells machines on stderr, and people who want silence."""

from __future__ import annotations

import json
from pathlib import Path

from scored_files import Ended, Score, table, write_parquet


def test_progress_lines_parse_and_end_with_the_whole_job(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(100))
    flags = [tmp_path / "a.parquet", "--text", "review", "--part-rows", "30"]
    ended = score(*flags, "--progress", "jsonl")
    assert ended.status == 0
    assert ended.stdout == ""
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    kinds = [line["event"] for line in lines if line["event"] != "progress"]
    assert kinds == ["start", *["part"] * 4, "end"]
    assert [line["parts"] for line in lines if line["event"] == "part"] == [1, 2, 3, 4]
    assert (lines[0]["rows"], lines[0]["rows_total"], lines[0]["parts_total"]) == (0, 100, 4)
    assert lines[-1]["rows"] == lines[-1]["total"]["rows"] == 100
    again = score(*flags, "--progress", "jsonl")
    end = json.loads(again.stderr.splitlines()[-1])
    assert (end["event"], end["rows"], end["rows_of_this_run"]) == ("end", 100, 0)
    assert end["total"] == lines[-1]["total"]


def test_an_error_is_an_event_and_a_line(score: Score, tmp_path: Path) -> None:
    ended = score(tmp_path / "none.parquet", "--progress", "jsonl")
    assert ended.status == 1
    event, line = ended.stderr.splitlines()
    assert json.loads(event)["event"] == "failed"
    assert line == f"max-sentiment: {json.loads(event)['message']}"


def test_no_progress_is_silence(score: Score, tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", table(10))
    ended = score(tmp_path / "a.parquet", "--text", "review", "--progress", "none")
    assert ended == Ended(0, "", "")
