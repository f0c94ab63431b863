"""What is seen of a job's progress: JSON lines, plain lines, and a bar."""

from __future__ import annotations

import io
import json
from collections import Counter

import pytest

from distilbert_sentiment_arch.bulk.job.counts import Counts
from distilbert_sentiment_arch.bulk.reporting.progress import JobSize, Progress
from distilbert_sentiment_arch.bulk.reporting.progress_forms import (
    BarProgress,
    JsonProgress,
    LineProgress,
    line_of,
    progress_of,
)

COUNTS = Counts(
    rows=200,
    errors=Counter({"The text is null": 3}),
    labels=Counter({"NEGATIVE": 50, "POSITIVE": 147}),
    tokens=5_000,
    tokens_read=4_000,
)


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run_a_job(progress: Progress) -> None:
    with progress:
        progress.say("loading <b> [bold]")
        progress.begin(JobSize(rows=1_000, rows_done=300, parts=5, parts_done=1))
        progress.scored(COUNTS)
        progress.part_written("part-00000-000001.parquet")
        progress.finish("end", output="scored/")


def test_json_lines_have_stable_fields() -> None:
    file = io.StringIO()
    run_a_job(JsonProgress(file))
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["message", "start", "part", "end"]
    assert lines[0]["message"] == "loading <b> [bold]"
    fields = {"time", "event", "seconds", "rows", "rows_total", "rows_of_this_run", "parts"}
    fields |= {"parts_total", "rows_per_second", "tokens_per_second", "seconds_left", "tokens"}
    fields |= {"tokens_read", "labels", "failed"}
    assert all(line.keys() >= fields for line in lines[1:])
    part = lines[2]
    assert part["part"] == "part-00000-000001.parquet"
    assert (part["rows"], part["rows_total"], part["rows_of_this_run"]) == (500, 1_000, 200)
    assert (part["parts"], part["parts_total"]) == (2, 5)
    assert part["labels"] == {"NEGATIVE": 50, "POSITIVE": 147}
    assert (part["failed"], part["tokens"], part["tokens_read"]) == (3, 5_000, 4_000)
    assert lines[3]["output"] == "scored/"


def test_json_lines_come_while_nothing_else_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JsonProgress, "interval_s", 0.01)
    file = io.StringIO()
    with JsonProgress(file) as progress:
        progress.begin(JobSize())
        while file.getvalue().count("\n") < 3:
            pass
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [line["event"] for line in lines[1:3]] == ["progress"] * 2


def test_lines_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineProgress, "interval_s", 0.01)
    file = io.StringIO()
    with LineProgress(file) as progress:
        progress.begin(JobSize(rows=1_000))
        progress.scored(COUNTS)
        while "200 of 1,000 rows (20.0%)" not in file.getvalue():
            pass
    assert file.getvalue().startswith("max-sentiment: ")
    assert "\x1b" not in file.getvalue()


def test_a_line_has_all_that_is_known() -> None:
    progress = Progress(iter([0.0, 0.0, 2.0, 2.0, 2.0]).__next__)
    progress.begin(JobSize(rows=1_000))
    progress.scored(COUNTS)
    assert line_of(progress.snapshot()) == (
        "200 of 1,000 rows (20.0%), 100 rows/s, 2,000 tokens/s, 0:08 left, "
        "POSITIVE 74.6% NEGATIVE 25.4%, 3 failed"
    )


def test_a_bar_in_a_terminal_goes_away_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    file = Terminal()
    run_a_job(BarProgress(file))
    shown = file.getvalue()
    assert "max-sentiment: loading <b> [bold]" in shown
    assert "500/1000" in shown
    assert "POSITIVE 74.6%" in shown
    assert shown.rstrip().endswith("\x1b[2K"), "the lines of the bar are erased"
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1, "the cursor is back"


@pytest.mark.parametrize(
    ("form", "file", "kind"),
    [
        ("bar", Terminal(), BarProgress),
        ("bar", io.StringIO(), LineProgress),
        ("jsonl", Terminal(), JsonProgress),
        ("none", Terminal(), Progress),
    ],
)
def test_forms(form: str, file: io.StringIO, kind: type[Progress]) -> None:
    assert type(progress_of(form, file)) is kind


def test_none_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run_a_job(progress_of("none"))
    assert capsys.readouterr() == ("", "")
