"""The summary in the terminal."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace

from made_outcomes import counts, outcome

from distilbert_sentiment_arch.bulk.job.counts import BINS, Counts
from distilbert_sentiment_arch.bulk.reporting.outcome import Outcome, PartOutcome
from distilbert_sentiment_arch.bulk.reporting.report import report_page
from distilbert_sentiment_arch.bulk.reporting.summary import print_summary, summary_lines


def of(found: Counts, **changes: object) -> Outcome:
    return outcome(parts=(PartOutcome("part", "file", found, 1.0),), **changes)


def test_the_whole_job_counts_and_the_speed_is_of_the_last_run() -> None:
    lines = list(summary_lines(outcome(), blocks=True))
    assert lines[0] == "200 rows in 3 parts by a-model: 195 scored, 5 failed"
    assert lines[1] == (
        "150 rows in this run, 0:16 in all, 0:06 of it scoring: 25 rows/s, 200 tokens/s"
    )
    labels = {line.split()[0]: line.split() for line in lines if line.startswith(("POS", "NEG"))}
    assert labels["NEGATIVE"][1:3] == ["115", "59.0%"]
    assert labels["POSITIVE"][1:3] == ["80", "41.0%"]
    assert len(labels["NEGATIVE"][3]) == 24
    assert len(labels["POSITIVE"][3]) == round(24 * 80 / 115)
    assert lines[-1].split() == ["5", "The", "text", "is", "null"]


def test_the_columns_of_the_plot_are_as_high_as_their_bins() -> None:
    lines = list(summary_lines(of(counts(100, 50)), blocks=True))
    plot = lines[lines.index("scores of the labels") + 1 :][:7]
    columns = [line.partition("|")[2].ljust(2 * BINS) for line in plot[:6]]
    heights = [sum(" ▁▂▃▄▅▆▇█".index(line[2 * index]) for line in columns) for index in range(BINS)]
    assert heights[-1] == 6 * 8
    assert heights[BINS // 2] == 3 * 8
    assert sum(heights) == 9 * 8
    assert plot[0].split("|")[0].strip() == "100"
    assert plot[6].split() == ["0", "0.5", "1"]
    assert plot[6].index("1") == plot[0].rindex("█")


def test_a_row_among_a_million_is_seen() -> None:
    lines = list(summary_lines(of(counts(10**6, 1)), blocks=True))
    assert any(line.startswith("NEGATIVE") and line.endswith("<0.1%  █") for line in lines)
    lowest = lines[lines.index("scores of the labels") + 6]
    assert lowest.partition("|")[2][BINS : BINS + 2] == "▁▁"


def test_ascii_where_the_terminal_has_no_blocks() -> None:
    content = io.BytesIO()
    file = io.TextIOWrapper(content, encoding="ascii")
    print_summary(outcome(), file)
    file.flush()
    shown = content.getvalue().decode("ascii")
    assert "POSITIVE" in shown
    assert "####" in shown


def test_blocks_and_no_escape_codes_in_a_file() -> None:
    file = io.StringIO()
    print_summary(outcome(model="[red]a\x1b[31m\n"), file)
    assert "by [red]a\\x1b[31m" in file.getvalue()
    assert "\x1b" not in file.getvalue()


def test_notes_say_what_was_not_read_whole() -> None:
    found = replace(counts(5, 5), cut=3, windowed=2, routes=Counter({"model": 9, "lexicon": 1}))
    line = list(summary_lines(of(found, has_fallback=True), blocks=True))[1]
    assert line == "3 cut at the token limit, 2 read in windows, 1 answered by the fallback"
    line = list(summary_lines(of(found), blocks=True))[1]
    assert line == "3 cut at the token limit, 2 read in windows"


def test_many_labels_and_many_kinds_of_errors_are_cut() -> None:
    histogram = [0] * BINS
    histogram[3] = 210
    labels = Counter({f"label-{index:02}": index for index in range(1, 21)})
    errors = Counter({f"kind {index:02}": index for index in range(1, 12)})
    lines = list(summary_lines(of(Counts(276, errors, labels, Counter(), histogram)), blocks=True))
    assert "8 more labels with 36 rows" in lines
    assert lines[-1].split() == ["6", "for", "other", "reasons"]


def test_an_empty_job_and_one_that_was_done() -> None:
    lines = list(summary_lines(of(Counts(), rows_of_run=0), blocks=True))
    assert lines == [
        "0 rows in 1 part by a-model: 0 scored, 0 failed",
        "nothing was left to do",
    ]


def test_a_regression_says_where_values_beyond_the_plot_are() -> None:
    said = "below 0 and above 1 are in the outer columns"
    assert said in "\n".join(summary_lines(outcome(has_values=True), blocks=True))
    assert said in report_page(outcome(has_values=True))
    assert said not in "\n".join(summary_lines(outcome(), blocks=True))
