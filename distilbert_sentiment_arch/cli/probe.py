"""``max-sentiment doctor --probe``: the ladder, on a terminal or for a bug report."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.doctor.finding import FIT, FIT_WITH_WARNINGS, UNFIT
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import find_accelerators
from distilbert_sentiment_arch.probe.ladder import Climbing, climb, probed_devices
from distilbert_sentiment_arch.probe.report import (
    COLUMNS,
    ProbeReport,
    as_json,
    as_markdown,
    cells,
    line,
    report_of,
    summary,
)
from distilbert_sentiment_arch.probe.rungs import KERNELS, only, rungs_of
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict


def probe(options: argparse.Namespace) -> int:
    """Climbs the ladder on every device and prints the report.

    With ``--format json`` and ``markdown``, progress goes to standard error.

    Returns:
        The exit status: ``FIT`` if all works, ``UNFIT`` if the CPU does not compute the classifier,
        otherwise ``FIT_WITH_WARNINGS``.

    Raises:
        CheckpointError: There is no such checkpoint, or it cannot be served; or no rung has a name
            that was given.
        OSError: The logs cannot be written.
    """
    output = options.format or ("json" if getattr(options, "json", False) else "text")
    rungs = only(options.probe_rungs) if options.probe_rungs else rungs_of
    checkpoint = find_checkpoint(options.model, FAMILIES, options.revision)
    accelerators = find_accelerators()
    devices = probed_devices(accelerators)
    progress = Progress(sys.stdout if output == "text" else sys.stderr)
    logs = options.probe_logs and Path(os.path.realpath(options.probe_logs))
    climbing = Climbing(options.probe_timeout_s, logs or None, rungs, progress.start)
    with _sigterm_ends_python():
        verdicts = climb(devices, checkpoint, progress.end, climbing)
    report = report_of(checkpoint.name, devices, verdicts, accelerators.error)
    if output == "text":
        print(f"\n{summary(report)}")
    else:
        print(as_json(report) if output == "json" else as_markdown(report))
    return exit_status(report)


def exit_status(report: ProbeReport) -> int:
    """Returns ``FIT``, ``FIT_WITH_WARNINGS`` or ``UNFIT``."""
    failed = [each for each in report.verdicts if _matters(each)]
    classifier = f"{CLASSIFIER} float32"
    if any(each.device == "cpu" and each.rung == classifier for each in failed):
        return UNFIT
    return FIT_WITH_WARNINGS if failed or report.error else FIT


def _matters(verdict: RungVerdict) -> bool:
    """Whether a verdict is bad news: many a CPU lacks the units of a lower precision."""
    lower = verdict.rung.startswith(KERNELS) and not verdict.rung.endswith("float32")
    return not verdict.works and not (lower and verdict.outcome == "no kernel")


class Progress:
    """The lines of the table, each begun when its rung starts.

    Args:
        stream: Where they are written to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begun = ""
        self._write(line(COLUMNS) + "\n")

    def start(self, device: str, rung: str) -> None:
        """Writes the first cells of a line."""
        self._begun = line((device, rung))
        self._write(self._begun)

    def end(self, verdict: RungVerdict) -> None:
        """Writes the rest of the line."""
        whole = line(cells(verdict))
        self._write(whole[len(self._begun) :] + "\n")
        self._begun = ""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


@contextmanager
def _sigterm_ends_python() -> Iterator[None]:
    """Makes SIGTERM an exception inside the context, so that the process of a rung ends, too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
