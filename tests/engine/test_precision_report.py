"""The precision in use, reported from the process that loads the model to the one that answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run_python

from distilbert_sentiment_arch.engine import precision_report
from distilbert_sentiment_arch.settings.precision import PrecisionChoice

CHOICE = PrecisionChoice("int8", "auto", "Prozessor “Ω” has a unit")

PUBLISH = f"""
from distilbert_sentiment_arch.engine.precision_report import publish
from distilbert_sentiment_arch.settings.precision import PrecisionChoice
publish({CHOICE!r})
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_another_process_reports_and_nothing_is_left_behind(temporary: Path) -> None:
    precision_report.expect()
    (directory,) = temporary.iterdir()
    assert directory.stat().st_mode & 0o777 == 0o700
    published = run_python("-c", PUBLISH)
    assert published.returncode == 0, published.stderr
    assert precision_report.receive() == CHOICE
    assert not list(temporary.iterdir())
    assert precision_report.receive() is None


def test_a_worker_that_reports_nothing(temporary: Path) -> None:
    precision_report.expect()
    assert precision_report.receive() is None
    assert not list(temporary.iterdir())


def test_a_report_that_cannot_be_written_is_a_warning(
    temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    precision_report.expect()
    (directory,) = temporary.iterdir()
    directory.rmdir()
    precision_report.publish(CHOICE)
    assert "not reported" in caplog.text
    assert precision_report.receive() is None


def test_the_process_that_loads_knows_without_a_report() -> None:
    precision_report.publish(CHOICE)
    assert precision_report.latest() == CHOICE
