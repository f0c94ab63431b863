"""`max-sentiment doctor --probe`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.cli.probe import exit_status
from distilbert_sentiment_arch.cli.probe_flags import DEFAULT_TIMEOUT_S
from distilbert_sentiment_arch.doctor.finding import FIT, FIT_WITH_WARNINGS, UNFIT
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import find_accelerators
from distilbert_sentiment_arch.probe.kept import kept_verdict
from distilbert_sentiment_arch.probe.ladder import TIMEOUT_S
from distilbert_sentiment_arch.probe.report import report_of
from distilbert_sentiment_arch.probe.rungs import ProbedDevice
from distilbert_sentiment_arch.probe.verdict import Outcome, RungVerdict

CPU = ProbedDevice("cpu", "a processor")


def status_of(*rungs: tuple[str, str, Outcome]) -> int:
    return exit_status(report_of("m", [CPU], [RungVerdict(*each) for each in rungs]))


def test_the_exit_status_is_that_of_doctor() -> None:
    works: tuple[str, str, Outcome] = ("cpu", "classifier float32", "works")
    assert status_of(works) == FIT
    assert status_of(("cpu", "classifier float32", "crashed")) == UNFIT
    assert status_of(works, ("cpu", "softmax float32", "wrong numbers")) == FIT_WITH_WARNINGS
    assert status_of(works, ("gpu:0", "classifier float32", "hung")) == FIT_WITH_WARNINGS


def test_a_cpu_without_units_of_a_lower_precision_is_fit() -> None:
    assert status_of(("cpu", "kernels bfloat16", "no kernel")) == FIT
    assert status_of(("cpu", "kernels bfloat16", "crashed")) == FIT_WITH_WARNINGS
    assert status_of(("cpu", "kernels float32", "no kernel")) == FIT_WITH_WARNINGS


def test_not_knowing_the_accelerators_is_a_warning() -> None:
    works = RungVerdict("cpu", "classifier float32", "works")
    assert exit_status(report_of("m", [CPU], [works], "MAX hangs")) == FIT_WITH_WARNINGS


def test_the_default_time_limit_is_the_ladder_s() -> None:
    assert DEFAULT_TIMEOUT_S == TIMEOUT_S


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "soon"])
def test_no_time_is_no_limit(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--probe", "--probe-timeout-s", seconds])
    assert ended.value.code == 2
    assert "--probe-timeout-s" in capsys.readouterr().err


def test_an_unknown_rung_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--probe", "--probe-rungs", "matmull"]) == 1
    assert "no rung 'matmull'" in capsys.readouterr().err


FAKE = {"model": "Fake | accelerator", "architecture": "sm_00"}


@pytest.mark.slow
def test_markdown_has_what_a_device_said_that_does_not_open(
    report_accelerators: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_accelerators(FAKE)
    arguments = ["--probe-rungs", "open and copy", "--probe-logs", str(tmp_path / "logs")]
    status = main(["doctor", "--probe", "--format", "markdown", *arguments])
    shown = capsys.readouterr()
    assert status == FIT_WITH_WARNINGS
    assert re.search(r"^cpu +open and copy +works", shown.err, re.MULTILINE)
    assert re.search(r"^gpu:0 +open and copy +crashed", shown.err, re.MULTILINE)
    assert r"## gpu:0: Fake \| accelerator" in shown.out
    assert "    Traceback" in shown.out
    assert "Traceback" in (tmp_path / "logs" / "gpu-0-open-and-copy.log").read_text()


@pytest.mark.slow
def test_what_became_of_the_classifier_is_remembered(
    report_accelerators: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_accelerators(FAKE)
    arguments = ["--probe-rungs", "classifier", "--probe-logs", str(tmp_path)]
    status = main(["doctor", "--probe", "--format", "json", *arguments])
    shown = capsys.readouterr()
    assert status == FIT_WITH_WARNINGS, shown.err
    content = json.loads(shown.out)
    found = {(each["device"], each["rung"]): each for each in content["verdicts"]}
    on_cpu = found["cpu", "classifier float32"]
    assert on_cpu["outcome"] == "works", on_cpu
    assert 0 < on_cpu["error"] < 1e-5
    assert on_cpu["milliseconds"] > 0
    assert found["gpu:0", "classifier float32"]["outcome"] == "not run"
    assert "does not open" in found["gpu:0", "classifier float32"]["reason"]
    (accelerator,) = find_accelerators().found
    kept = kept_verdict(accelerator, find_checkpoint(None, FAMILIES))
    assert kept is not None
    assert kept.outcome == "crashed"
