"""The report: a line a finding for readers, an object for scripts."""

from __future__ import annotations

import json
import re

from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.doctor.report import as_json, as_text

FINDINGS = [
    Finding("cores", "cores.allowed", "2", "MAX computes with 2 threads"),
    Finding("ports", "ports.api", "port 8000 is in use", "it does not start", "Stop it.", "unfit"),
    Finding("files", "files.open", "1024", "few", "Raise it.", "warning"),
]


def test_a_line_each_aligned_with_found_meaning_and_remedy() -> None:
    *lines, blank, verdict = as_text(FINDINGS).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", "cores.allowed"],
        ["unfit", "ports.api"],
        ["warning", "files.open"],
    ]
    for finding, line in zip(FINDINGS, lines, strict=True):
        assert line.index(finding.name) == lines[0].index(FINDINGS[0].name)
        assert line.index(finding.meaning) == lines[0].index(FINDINGS[0].meaning)
        assert f" {finding.found} " in line
        assert line.endswith(f"-> {finding.remedy}" if finding.remedy else finding.meaning)
    assert blank == ""
    assert verdict == "unfit: 1 to mend before a server runs; 1 to know of"
    assert as_text(FINDINGS[:1]).splitlines()[-1] == "fit"
    assert as_text(FINDINGS[2:]).splitlines()[-1] == "fit with warnings: 1 to know of"


def test_colour_changes_nothing_but_colour() -> None:
    coloured = as_text(FINDINGS, colour=True)
    assert "\033[31munfit" in coloured
    assert re.sub(r"\033\[\d+m", "", coloured) == as_text(FINDINGS)
    assert "\033" not in as_text(FINDINGS)


def test_a_narrow_terminal_wraps_and_loses_no_word() -> None:
    long = Finding("a", "a.b", "found " * 12, "meaning " * 12, "remedy " * 12, "warning")
    text = as_text([*FINDINGS, long], columns=72)
    assert all(len(line) <= 72 for line in text.splitlines())
    words = text.split()
    assert [words.count(word) for word in ("found", "meaning", "remedy")] == [12, 12, 12]


def test_the_object_has_every_field_of_every_finding() -> None:
    report = json.loads(json.dumps(as_json(FINDINGS)))
    assert report["schema"] == 1
    assert report["verdict"] == "unfit"
    assert report["exit_status"] == 4
    assert report["versions"]["MAX"]
    assert report["findings"][1] == {
        "area": "ports",
        "name": "ports.api",
        "found": "port 8000 is in use",
        "meaning": "it does not start",
        "remedy": "Stop it.",
        "level": "unfit",
    }
