"""`max-sentiment doctor --probe`."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import ROOT

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.cli.probe import findings_of
from distilbert_sentiment_arch.cli.probe_flags import DEFAULT_TIMEOUT_S
from distilbert_sentiment_arch.doctor.finding import UNFIT
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerator, find_accelerators
from distilbert_sentiment_arch.probe.kept import kept_verdict
from distilbert_sentiment_arch.probe.ladder import TIMEOUT_S
from distilbert_sentiment_arch.probe.report import report_of
from distilbert_sentiment_arch.probe.rungs import ProbedDevice
from distilbert_sentiment_arch.probe.verdict import Outcome, RungVerdict

CPU = ProbedDevice("cpu", "a processor")
GPU = ProbedDevice("gpu:0", "an accelerator", Accelerator(0, "cuda"))


def level_of(*rungs: tuple[str, Outcome], device: ProbedDevice = CPU) -> str:
    verdicts = [RungVerdict(device.name, *each) for each in rungs]
    (finding,) = findings_of(report_of("m", [device], verdicts))
    assert finding.name == f"probe.{device.name}"
    assert bool(finding.remedy) == (finding.level != "ok")
    return finding.level


def test_a_device_is_a_finding() -> None:
    works: tuple[str, Outcome] = ("classifier float32", "works")
    assert level_of(works) == "ok"
    assert level_of(("classifier float32", "crashed")) == "unfit"
    assert level_of(works, ("softmax float32", "wrong numbers")) == "warning"
    assert level_of(works, device=GPU) == "ok"
    assert level_of(("classifier float32", "hung"), device=GPU) == "warning"
    assert level_of(("classifier float32", "not run"), device=GPU) == "warning"


def test_a_cpu_without_units_of_a_lower_precision_is_fit() -> None:
    assert level_of(("kernels bfloat16", "no kernel")) == "ok"
    assert level_of(("kernels bfloat16", "crashed")) == "warning"
    assert level_of(("kernels float32", "no kernel")) == "warning"


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


ENDED_ON_THE_WAY = """
import sys
from pathlib import Path
from distilbert_sentiment_arch.cli.probe import sigterm_ends_python
from distilbert_sentiment_arch.probe.rung_process import run_rung
from distilbert_sentiment_arch.probe.rungs import Rung
with sigterm_ends_python():
    run_rung(Rung("hang", module="made_rung"), "cpu", None, 600, Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)]
)
def test_who_ends_the_command_ends_the_rung_and_what_it_started(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    waiting = select.poll()
    waiting.register(reading, select.POLLIN)
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    command = [sys.executable, "-c", ENDED_ON_THE_WAY, str(tmp_path / "log")]
    environment = {**os.environ, "PYTHONPATH": search, "MADE_RUNG_FIFO": str(fifo)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        assert waiting.poll(120_000), "the rung did not start"
        assert os.read(reading, 1) == b"x"
        process.send_signal(number)
        assert process.wait(120) == status
    waiting.modify(reading, select.POLLHUP)
    assert waiting.poll(60_000), "what the rung started still runs"
    os.close(reading)


FAKE = {"model": "Fake | accelerator", "architecture": "sm_00"}
TIMEOUT = ["--timeout", "300"]  # of the doctor's questions to MAX, on a busy machine


@pytest.mark.slow
def test_markdown_has_what_a_device_said_that_does_not_open(
    report_accelerators: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_accelerators(FAKE)
    arguments = ["--probe-rungs", "open and copy", "--probe-logs", str(tmp_path / "logs")]
    main(["doctor", "--probe", "--format", "markdown", *TIMEOUT, *arguments])
    shown = capsys.readouterr()
    assert re.search(r"^cpu +open and copy +works", shown.err, re.MULTILINE)
    assert re.search(r"^gpu:0 +open and copy +crashed", shown.err, re.MULTILINE)
    assert r"## gpu:0: Fake \| accelerator" in shown.out
    assert "    Traceback" in shown.out
    assert "Traceback" in (tmp_path / "logs" / "gpu-0-open-and-copy.log").read_text()
    assert "| warning | probe.gpu:0 | 0 of 1 rungs work |" in shown.out


@pytest.mark.slow
def test_what_became_of_the_classifier_is_remembered(
    report_accelerators: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_accelerators(FAKE)
    arguments = ["--probe-rungs", "classifier", "--probe-logs", str(tmp_path)]
    main(["doctor", "--probe", "--format", "json", *TIMEOUT, *arguments])
    shown = capsys.readouterr()
    content = json.loads(shown.out)
    found = {(each["device"], each["rung"]): each for each in content["probe"]["verdicts"]}
    on_cpu = found["cpu", "classifier float32"]
    assert on_cpu["outcome"] == "works", on_cpu
    assert 0 < on_cpu["error"] < 1e-5
    assert on_cpu["milliseconds"] > 0
    assert found["gpu:0", "classifier float32"]["outcome"] == "not run"
    assert "does not open" in found["gpu:0", "classifier float32"]["reason"]
    levels = {each["name"]: each["level"] for each in content["findings"]}
    assert (levels["probe.cpu"], levels["probe.gpu:0"]) == ("ok", "warning")
    (accelerator,) = find_accelerators(300).found
    kept = kept_verdict(accelerator, find_checkpoint(None, FAMILIES))
    assert kept is not None
    assert kept.outcome == "crashed"


@pytest.mark.slow
def test_without_a_checkpoint_the_devices_are_probed_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--probe-rungs", "classifier", "--model", str(tmp_path / "none")]
    assert main(["doctor", "--probe", *TIMEOUT, *arguments]) == UNFIT
    shown = capsys.readouterr().out
    assert re.search(r"^cpu +open and copy +works", shown, re.MULTILINE)
    assert "classifier float32" not in shown
