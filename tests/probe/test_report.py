"""Reports: what they hold, and that none of it breaks a table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.report import (
    as_json,
    as_markdown,
    as_text,
    read_json,
    report_of,
)
from distilbert_sentiment_arch.probe.rungs import ProbedDevice
from distilbert_sentiment_arch.probe.verdict import RungVerdict

DEVICES = [
    ProbedDevice("cpu", "a processor"),
    ProbedDevice("gpu:0", "an accelerator", Accelerator(0, "cuda", "sm_90")),
]
WORKS = RungVerdict("cpu", "matmul float32", "works", "", 0.25, "", 1.25e-7, 14.5)


@pytest.fixture
def failed(tmp_path: Path) -> RungVerdict:
    log = tmp_path / "gpu-0-matmul.log"
    log.write_text("".join(f"line {number} | <b>\n" for number in range(100)))
    return RungVerdict("gpu:0", "matmul bfloat16", "no kernel", "a | b <c> *d*", log=str(log))


def test_text_has_a_line_for_each_rung_and_says_where_logs_are(failed: RungVerdict) -> None:
    report = report_of("model", DEVICES, [WORKS, failed])
    head, first, second, blank, *rest = as_text(report).splitlines()
    assert head.split() == ["device", "rung", "outcome", "error", "ms", "seconds"]
    assert first.split() == ["cpu", "matmul", "float32", "works", "1.2e-07", "0.25", "14.5"]
    assert second.startswith("gpu:0")
    assert second.endswith("  a | b <c> *d*")
    assert second.index("no kernel") == head.index("outcome") == first.index("works")
    assert blank == ""
    assert rest == [
        "cpu: a processor: 1 of 1 rungs work",
        "gpu:0: an accelerator: 0 of 1 rungs work",
        f"logs of rungs that do not work: {Path(failed.log).parent}",
    ]


def test_text_says_that_there_are_no_accelerators_or_why_nobody_knows() -> None:
    assert "MAX finds none" in as_text(report_of("model", DEVICES[:1], [WORKS]))
    text = as_text(report_of("model", DEVICES[:1], [WORKS], "MAX hangs"))
    assert "accelerators: MAX hangs" in text
    assert "MAX finds none" not in text


def test_json_is_read_again(failed: RungVerdict) -> None:
    report = report_of("model", DEVICES, [WORKS, failed])
    content = json.loads(json.dumps(as_json(report)))
    assert read_json(content) == report
    assert content["verdicts"][0]["outcome"] == "works"
    assert content["devices"][1]["accelerator"]["architecture"] == "sm_90"
    assert {"MAX", "Mojo", "Python"} <= set(content["versions"])


def test_markdown_has_tables_of_equal_rows_and_the_end_of_logs(failed: RungVerdict) -> None:
    text = as_markdown(report_of("m_o_d_e_l", DEVICES, [WORKS, failed], "MAX | hangs"))
    rows = [row for row in text.splitlines() if row.startswith("|")]
    assert len(rows) == 6
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}
    assert r"a \| b \<c> \*d\*" in text
    assert "## cpu: a processor" in text
    assert "Accelerators: MAX \\| hangs." in text
    assert "gpu:0 matmul bfloat16: the last 60 of 100 lines" in text
    assert "\n    line 99 | <b>\n" in text
    assert "line 39 " not in text


def test_markdown_does_without_a_log_that_is_gone(failed: RungVerdict) -> None:
    gone = replace(failed, log=f"{failed.log}.gone")
    assert "<details>" not in as_markdown(report_of("model", DEVICES, [gone]))
