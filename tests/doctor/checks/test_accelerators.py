"""Findings about accelerators."""

from __future__ import annotations

import pytest
from doctor_answers import examined_with, failed

from distilbert_sentiment_arch.doctor.checks.accelerators import check_accelerators
from distilbert_sentiment_arch.doctor.device_report import DeviceReport
from distilbert_sentiment_arch.doctor.examined import ExamineOptions
from distilbert_sentiment_arch.machine.accelerators import Accelerator, Accelerators

ONE = Accelerators((Accelerator(0, "cuda", "sm_90", "NVIDIA H100", "570.1", 80 * 10**9),))
BROKEN = Accelerators(error="MAX did not say within 60 seconds what it finds")


def test_each_is_described() -> None:
    (finding,) = check_accelerators(examined_with(accelerators=ONE))
    assert finding.name == "accelerators.gpu:0"
    assert finding.found == "cuda, NVIDIA H100, sm_90, driver 570.1, 80.0 GB"
    assert finding.level == "ok"


def test_none_is_no_fault() -> None:
    assert [each.level for each in check_accelerators(examined_with())] == ["ok"]


def test_a_driver_that_does_not_answer_is_a_warning() -> None:
    (finding,) = check_accelerators(examined_with(accelerators=BROKEN))
    assert finding.level == "warning"
    assert "60 seconds" in finding.meaning
    # Where MAX cannot be imported at all, software.max says so.
    (finding,) = check_accelerators(examined_with(accelerators=BROKEN, max=failed()))
    assert finding.level == "ok"


@pytest.mark.parametrize(
    ("accelerators", "report", "level"),
    [
        (ONE, DeviceReport("gpu:0", "gpu:0 passed its probe with this model"), "ok"),
        (ONE, DeviceReport("cpu", "gpu:0 was not probed"), "warning"),
        (Accelerators(), DeviceReport("cpu", "MAX finds no accelerator"), "ok"),
        (Accelerators(), DeviceReport("", "The device 'gpu' was asked for, and ..."), "unfit"),
    ],
)
def test_what_the_setting_comes_to(
    accelerators: Accelerators, report: DeviceReport, level: str
) -> None:
    options = ExamineOptions(devices="auto")
    checked = check_accelerators(examined_with(options, accelerators=accelerators, device=report))
    assert checked[-1].name == "accelerators.chosen"
    assert checked[-1].level == level
    assert report.reason in checked[-1].meaning
