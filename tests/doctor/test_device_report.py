"""The device that a server would take, in the words of ``serve``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from commands import run_python

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.doctor.device_report import device_report

FAKE = {"model": "Fake accelerator"}


@pytest.mark.parametrize("setting", ["gpu:7", "tpu"])
def test_what_serve_refuses(
    setting: str, report_accelerators: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    report_accelerators(FAKE)
    found = device_report(setting, None, None)
    assert found.device == ""
    assert main(["serve", "--dry-run", "--devices", setting]) == 1
    assert capsys.readouterr().err == f"max-sentiment: {found.reason}\n"


@pytest.mark.parametrize(("setting", "device"), [("auto", "cpu"), ("gpu", "gpu:0")])
def test_what_serve_takes(
    setting: str,
    device: str,
    report_accelerators: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    report_accelerators(FAKE)
    found = device_report(setting, None, None)
    assert found.device == device
    assert "was not probed" in found.reason
    assert main(["serve", "--dry-run", "--devices", setting]) == 0
    assert f"computing on {device}: " in capsys.readouterr().err


def test_the_program_prints_it() -> None:
    module = "distilbert_sentiment_arch.doctor.device_report"
    ended = run_python("-m", module, "cpu")
    found: dict[str, Any] = json.loads(ended.stdout)
    assert found == {"device": "cpu", "reason": "the setting asks for it"}
