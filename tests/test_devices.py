"""docs/devices.md: it is what the generator makes of the probes, and holds nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.report import ProbeReport, as_json
from distilbert_sentiment_arch.probe.rungs import ProbedDevice, rungs_of
from distilbert_sentiment_arch.probe.verdict import RungVerdict
from scripts.devices import PAGE, keep, page, read_probes

CPU = ProbedDevice("cpu", "A | processor")
GPU = ProbedDevice("gpu:0", "NVIDIA H100", Accelerator(0, "cuda", "sm_90"))
REPORT = ProbeReport(
    "2026-01-02",
    {"MAX": "26.7.0"},
    "x86_64",
    "model",
    (CPU, GPU),
    (
        RungVerdict("cpu", "classifier float32", "works", error=1e-6, milliseconds=12.5),
        RungVerdict("gpu:0", "matmul float32", "no kernel", "a | b"),
        RungVerdict("gpu:0", "classifier float32", "not run", "nothing works", log="/home/me/log"),
    ),
)


def test_the_page_is_made_of_the_probes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(read_probes())


def test_rungs_of_a_device_that_were_left_out_are_said_to_be_so() -> None:
    reports = read_probes()
    assert reports
    _, _, rest = PAGE.read_text(encoding="utf-8").partition("## Not run")
    for report in reports:
        for device in report.devices:
            climbed = [each.rung for each in report.verdicts if each.device == device.name]
            ladder = [each.name for each in rungs_of(device)]
            assert climbed == [name for name in ladder if name in climbed]
            assert all(name in rest for name in ladder if name not in climbed)


def test_each_row_has_version_and_date() -> None:
    text = page([REPORT])
    rows = [line for line in text.splitlines() if line.startswith("| ") and "works" in line]
    assert r"| cpu: A \| processor | 26.7.0 | 2026-01-02 | works | 1 of 1 |" in rows
    row = "| classifier float32 | works | 1.0e-06 | 12.50 | 0.0 | 26.7.0 | 2026-01-02 |  |"
    assert row in rows
    assert r"| matmul float32 | no kernel |  |  | 0.0 | 26.7.0 | 2026-01-02 | a \| b |" in text


def test_what_was_not_run_is_said_to_be_so() -> None:
    _, _, rest = page([REPORT]).partition("## Not run")
    assert "cuda" not in rest
    assert "`hip`" in rest
    assert "`metal`" in rest
    assert "x86-64" not in rest
    assert "ARM" in rest


def test_a_probe_is_kept_without_findings_and_paths(tmp_path: Path) -> None:
    (tmp_path / "printed").mkdir()
    printed = tmp_path / "printed" / "one.json"
    printed.write_text(json.dumps({"findings": [1], "probe": as_json(REPORT)}))
    keep(printed, tmp_path)
    (kept,) = read_probes(tmp_path)
    *others, last = REPORT.verdicts
    assert kept == replace(REPORT, verdicts=(*others, replace(last, log="")))


def test_a_file_that_is_no_probe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"devices": [], "verdicts": [], "else": 1}')
    with pytest.raises(TypeError):
        read_probes(tmp_path)
