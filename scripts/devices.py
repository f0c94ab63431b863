"""Writes docs/devices.md from the probes in docs/probes/.

To add a probe, or to replace one:

    max-sentiment doctor --probe --format json > NAME.json
    python -m scripts.devices NAME.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from distilbert_sentiment_arch.probe.report import ProbeReport, escaped, made_with, read_json, table
from distilbert_sentiment_arch.probe.rungs import (
    CLASSIFIER_TOLERANCE,
    KERNEL_TOLERANCES,
    TOLERANCES,
    ProbedDevice,
    rungs_of,
)
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "devices.md"
PROBES = DOCS / "probes"

_APIS = {"cuda": "NVIDIA (`cuda`)", "hip": "AMD (`hip`)", "metal": "Apple (`metal`)"}
"""Accelerators that MAX programs, by their API."""

_PROCESSORS = {"x86_64": "x86-64", "aarch64": "ARM (Linux)", "arm64": "Apple silicon"}
"""Processors that MAX runs on, as `platform.machine` names them."""

_HEAD = """\
# Devices

This page lists the devices on which the probe's ladder was climbed, and what became of each rung.

`max-sentiment doctor --probe` compiles and runs graphs from a single operation to the whole
classifier on every device that MAX finds, each in a process of its own with a time limit
(`--probe-timeout-s`), and holds the result against NumPy in float64:

| outcome | |
|---|---|
| works | the error is within the tolerance |
| no kernel | the graph does not compile or load for the device |
| wrong numbers | it runs, and the error is larger, or a number is NaN or infinite |
| crashed | the process ended by a signal, which is named, or with an exception while it ran |
| hung | it did not end within the time limit, and was killed with all that it had started |
| not run | the device does not open at all |

The error is the largest difference, as a part of the largest number expected. What is allowed:

{tolerances}

With `--format json` or `--format markdown`, for a bug report, the progress goes to standard error.
`--probe-rungs matmul,classifier` runs some rungs alone. What the process of a rung that does not
work said is in a file, in the cache or where `--probe-logs` says. What an accelerator makes of the
classifier is remembered for this driver, MAX and checkpoint.

The page holds only what was run. `python -m scripts.devices NAME.json` keeps in `docs/probes/` what
`max-sentiment doctor --probe --format json` printed on a machine, and writes the page. `ms` is one
run of the compiled graph, for the classifier over the sentences of the self-check; `seconds` is the
whole rung. They say what happened, on machines that may have had other work, and do not compare
devices.
"""


def page(reports: Iterable[ProbeReport]) -> str:
    """Returns the page's text."""
    reports = list(reports)
    parts = [_HEAD.format(tolerances="\n".join(_tolerances())), "## Summary\n", *_summary(reports)]
    for report in reports:
        for device in report.devices:
            parts += _section(report, device)
    parts += ["\n## Not run\n", *_not_run(reports)]
    return "\n".join(parts) + "\n"


def read_probes(directory: Path = PROBES) -> list[ProbeReport]:
    """Reads the probes, in the order of their files' names.

    Raises:
        ValueError: A file is no JSON.
        KeyError: A file is no probe.
        TypeError: A file is no probe.
    """
    files = sorted(directory.glob("*.json"))
    return [read_json(json.loads(file.read_text(encoding="utf-8"))) for file in files]


def _tolerances() -> list[str]:
    rows = [(f"an operation in {dtype}", f"{bound:g}") for dtype, bound in TOLERANCES.items()]
    rows += [
        (f"a small encoder in the kernels, {precision}", f"{bound:g}")
        for precision, bound in KERNEL_TOLERANCES.items()
    ]
    rows.append(("the classifier, float32", f"{CLASSIFIER_TOLERANCE:g}"))
    return table(("rung", "error"), rows)


def _mine(report: ProbeReport, device: ProbedDevice) -> list[RungVerdict]:
    return [each for each in report.verdicts if each.device == device.name]


def _max(report: ProbeReport) -> str:
    return report.versions["MAX"]


def _summary(reports: Iterable[ProbeReport]) -> list[str]:
    rows = []
    for report in reports:
        for device in report.devices:
            mine = _mine(report, device)
            classifier = [each for each in mine if each.rung == f"{CLASSIFIER} float32"]
            rows.append(
                (
                    f"{device.name}: {device.description}",
                    _max(report),
                    report.date,
                    classifier[0].outcome if classifier else "not run",
                    f"{sum(each.works for each in mine)} of {len(mine)}",
                )
            )
    return table(("device", "MAX", "date", "classifier in float32", "rungs that work"), rows)


def _section(report: ProbeReport, device: ProbedDevice) -> list[str]:
    rows = [
        (
            each.rung,
            each.outcome,
            f"{each.error:.1e}" if each.error else "",
            f"{each.milliseconds:.2f}" if each.milliseconds else "",
            f"{each.seconds:.1f}",
            _max(report),
            report.date,
            each.reason,
        )
        for each in _mine(report, device)
    ]
    columns = ("rung", "outcome", "error", "ms", "seconds", "MAX", "date", "reason")
    return [
        f"\n## {escaped(_titled(report, device))}\n",
        f"{made_with(report)}\n",
        *table(columns, rows),
    ]


def _not_run(reports: Iterable[ProbeReport]) -> list[str]:
    found = {
        device.accelerator.api
        for report in reports
        for device in report.devices
        if device.accelerator
    }
    machines = {report.architecture for report in reports}
    lines = [
        f"- Accelerators of {name}: none was at hand."
        for api, name in _APIS.items()
        if api not in found
    ]
    lines += [
        f"- Processors of the kind {name}: none was at hand."
        for machine, name in _PROCESSORS.items()
        if machine not in machines
    ]
    for report in reports:
        for device in report.devices:
            climbed = {each.rung for each in _mine(report, device)}
            left = [each.name for each in rungs_of(device) if each.name not in climbed]
            if left:
                lines.append(f"- {escaped(_titled(report, device))}: {', '.join(left)}.")
    return lines


def _titled(report: ProbeReport, device: ProbedDevice) -> str:
    return f"{device.name}: {device.description}, {report.date}"


def keep(printed: Path, directory: Path = PROBES) -> None:
    """Keeps the probe of what `doctor --probe --format json` printed, without its findings."""
    found = json.loads(printed.read_text(encoding="utf-8"))["probe"]
    for verdict in found["verdicts"]:
        verdict["log"] = ""  # a path of that machine
    text = json.dumps(found, indent=2)
    (directory / f"{printed.stem}.json").write_text(f"{text}\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the page; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.devices", description=__doc__)
    parser.add_argument("printed", nargs="*", type=Path, metavar="FILE")
    for printed in parser.parse_args(arguments).printed:
        keep(printed)
    PAGE.write_text(page(read_probes()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
