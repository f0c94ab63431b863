"""First measurements: a process for each precision, device and number of cores, without a server.

They say which settings keep the accuracy, and which ones are worth a server.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.classify.labels import ProblemType
from distilbert_sentiment_arch.engine.self_check import compare
from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.messages import one_line
from distilbert_sentiment_arch.process_group import signal_group
from distilbert_sentiment_arch.recommend.closed_loop import Measured
from distilbert_sentiment_arch.recommend.intervals import Window
from distilbert_sentiment_arch.recommend.measuring import Job
from distilbert_sentiment_arch.settings.defaults import PACKAGE

MODULE = f"{PACKAGE.name}.recommend.measuring"

TIMEOUT_S = 1800.0
"""Seconds of a process beyond those of measuring; compiling a large model takes minutes."""

_OWN_SETTINGS = ("MAX_SENTIMENT_", "MAX_SERVE_")

_POLL_S = 0.05


class NotMeasured(RecommendError):
    """Settings that could not be measured; the message says why."""


@dataclass(frozen=True)
class Screened:
    """What a process found.

    Attributes:
        computed: The precision that it computed in.
        reason: Why that one.
        load_s: Seconds it took to load.
        logits: Of the texts, a row each.
        check_logits: Of the sentences of the self-check.
        batches: By the most tokens in a batch.
    """

    computed: str
    reason: str
    load_s: float
    logits: Sequence[Sequence[float]]
    check_logits: Sequence[Sequence[float]]
    batches: dict[int, Measured]


@dataclass(frozen=True)
class Accuracy:
    """How a precision's answers compare with those in float32.

    Attributes:
        same: Texts with the same label.
        texts: Texts.
        check_passed: The self-check passed.
        check_figures: Its figures, in words.
    """

    same: int
    texts: int
    check_passed: bool
    check_figures: str

    @property
    def percent(self) -> float:
        """Percentage of the texts with the same label."""
        return 100 * self.same / self.texts

    def refusal(self, least_agreement: float | None) -> str | None:
        """Returns why a precision is not accurate enough; None if it is.

        Args:
            least_agreement: Percentage of the texts that have to have the same label; None where
                the self-check alone decides.
        """
        if least_agreement is not None and self.percent < least_agreement:
            return (
                f"{self.texts - self.same} of {self.texts} labels differ from float32's: "
                f"{self.percent:.1f}% agree, at least {least_agreement:g}% have to"
            )
        if not self.check_passed:
            return f"it fails the self-check ({self.check_figures})"
        return None


def accuracy_of(reference: Screened, other: Screened, problem_type: ProblemType) -> Accuracy:
    """Compares a precision with float32.

    Args:
        reference: What float32 answered.
        other: What the precision answered to the same texts.
        problem_type: What the logits are. Of several labels all that are over a half have to be the
            same, of a single number its sign.
    """
    expected, found = np.array(reference.logits), np.array(other.logits)
    if expected.shape[1] == 1 or problem_type == "multi_label_classification":
        same = ((expected > 0) == (found > 0)).all(axis=1)
    else:
        same = expected.argmax(axis=1) == found.argmax(axis=1)
    same &= np.isfinite(found).all(axis=1)
    verdict = compare(
        np.array(reference.check_logits, np.float32), np.array(other.check_logits, np.float32)
    )
    return Accuracy(int(same.sum()), len(same), verdict.passed, verdict.figures)


def screen(job: Job, cancelled: threading.Event) -> Screened:
    """Runs a job in a process of its own.

    Raises:
        NotMeasured: The process failed, or took longer than ``TIMEOUT_S``.
        RecommendError: It was cancelled.
    """
    with tempfile.TemporaryDirectory(prefix="max-sentiment-") as directory:
        result, log = Path(directory, "result.json"), Path(directory, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - this Python, this module
                [*python_command(MODULE), str(result)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=own_environment(),
                cwd=directory,
                start_new_session=True,
            )
        try:
            _hand_over(process, job)
            _wait(process, cancelled, TIMEOUT_S + job.seconds * len(job.batches))
        finally:
            signal_group(process.pid)  # a compiler that it started, too
            process.wait()
            assert process.stdin is not None
            process.stdin.close()
        if process.returncode or not result.exists():
            raise NotMeasured(f"its process ended with {process.returncode}: {last_error(log)}")
        return _screened(json.loads(result.read_text(encoding="utf-8")))


def own_environment() -> dict[str, str]:
    """Returns the environment of what is measured: without settings of a server."""
    return {
        name: value
        for name, value in python_environment().items()
        if not name.startswith(_OWN_SETTINGS)
    }


def last_error(log: Path) -> str:
    """Returns the last line of a log that says something, shortened."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if "Error" in line.partition(":")[0]]
    return one_line((errors or said or ["it said nothing"])[-1])


def cancelled_error() -> RecommendError:
    """Returns the error of a measurement that was cancelled."""
    return RecommendError("The measurement was cancelled; nothing is remembered of it.")


def _hand_over(process: subprocess.Popen[bytes], job: Job) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        process.stdin.flush()
    except OSError:
        process.wait()  # its status and its log say why it reads nothing


def _wait(process: subprocess.Popen[bytes], cancelled: threading.Event, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if cancelled.wait(_POLL_S):
            raise cancelled_error()
        if time.monotonic() > deadline:
            raise NotMeasured(f"its process took more than {seconds:.0f} seconds")


def _screened(values: dict[str, Any]) -> Screened:
    batches = {
        each["tokens"]: Measured([Window(**window) for window in each["windows"]], each["failed"])
        for each in values.pop("batches")
    }
    return Screened(**values, batches=batches)
