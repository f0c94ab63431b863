"""``max-sentiment doctor --probe``: the ladder, on a terminal or for a bug report."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.doctor.finding import Finding, exit_status
from distilbert_sentiment_arch.doctor.report import as_json as findings_as_json
from distilbert_sentiment_arch.doctor.report import as_text as findings_as_text
from distilbert_sentiment_arch.errors import CheckpointError
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
    table,
)
from distilbert_sentiment_arch.probe.rungs import KERNELS, ProbedDevice, only, rungs_of
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict


def probe(options: argparse.Namespace, findings: Sequence[Finding]) -> int:
    """Climbs the ladder on every device, and prints what it came to behind the findings.

    With ``--format json`` and ``markdown``, progress goes to standard error. Without a checkpoint
    that can be served, which is a finding, there is no rung of the classifier.

    Args:
        options: Those of the command.
        findings: What the doctor found.

    Returns:
        The exit status of all findings.

    Raises:
        ConfigError: The ladder has no rung of a name that was given.
        OSError: The logs cannot be written.
    """
    rungs = only(options.probe_rungs) if options.probe_rungs else rungs_of
    output = options.format or ("json" if options.json else "text")
    checkpoint = None
    with suppress(CheckpointError):
        checkpoint = find_checkpoint(options.model, FAMILIES, options.revision)
    accelerators = find_accelerators(options.timeout)
    devices = probed_devices(accelerators)
    if output == "text":
        print(f"{findings_as_text(findings)}\n")
    progress = Progress(sys.stdout if output == "text" else sys.stderr)
    logs = options.probe_logs and Path(os.path.realpath(options.probe_logs))
    climbing = Climbing(options.probe_timeout_s, logs or None, rungs, progress.start)
    with sigterm_ends_python():
        verdicts = climb(devices, checkpoint, progress.end, climbing)
    name = checkpoint.name if checkpoint else ""
    report = report_of(name, devices, verdicts, accelerators.error)
    found = [*findings, *findings_of(report)]
    if output == "text":
        print(f"\n{summary(report)}")
    elif output == "json":
        print(json.dumps(findings_as_json(found) | {"probe": as_json(report)}, indent=2))
    else:
        rows = [(each.level, each.name, each.found, each.meaning) for each in found]
        print(as_markdown(report), "", "## Findings", "", sep="\n")
        print(*table(("level", "name", "found", "meaning"), rows), sep="\n")
    return exit_status(found)


def findings_of(report: ProbeReport) -> list[Finding]:
    """Returns what a climb says of each device, as findings of the doctor."""
    return [_finding(report, device) for device in report.devices]


def _finding(report: ProbeReport, device: ProbedDevice) -> Finding:
    mine = [each for each in report.verdicts if each.device == device.name]
    failed = [each for each in mine if _matters(each)]
    found = f"{sum(each.works for each in mine)} of {len(mine)} rungs work"
    name, what = f"probe.{device.name}", f"{device.name} ({device.description})"
    classifier = [each for each in failed if each.rung == f"{CLASSIFIER} float32"]
    if not failed:
        return Finding("probe", name, found, f"{what} computes what a server needs")
    rungs = ", ".join(f"{each.rung}: {each.outcome}" for each in failed)
    if classifier and device.accelerator is None:
        remedy = "report it with the output of --format markdown"
        return Finding("probe", name, found, f"no model is served here ({rungs})", remedy, "unfit")
    if classifier:
        meaning = f"--devices auto does not take {what} ({rungs})"
        remedy = "serve with --devices cpu, and look for a newer driver"
        return Finding("probe", name, found, meaning, remedy, "warning")
    meaning = f"not all of what {what} computes is right ({rungs})"
    remedy = "report it with the output of --format markdown"
    return Finding("probe", name, found, meaning, remedy, "warning")


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
def sigterm_ends_python() -> Iterator[None]:
    """Makes SIGTERM an exception inside the context, so that the process of a rung ends, too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
