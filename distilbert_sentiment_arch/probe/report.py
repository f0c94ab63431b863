"""Reports on a climb of the ladder: a table for a terminal, JSON, and Markdown for a bug report."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.machine.software import versions
from distilbert_sentiment_arch.probe.rungs import ProbedDevice
from distilbert_sentiment_arch.probe.verdict import RungVerdict

COLUMNS = ("device", "rung", "outcome", "error", "ms", "seconds")
"""Of the tables: ``error`` is that of ``probe.rungs``, ``ms`` one run, ``seconds`` the rung."""

_WIDTHS = (6, 22, 13, 9, 9, 8)
_LOG_LINES = 60


@dataclass(frozen=True)
class ProbeReport:
    """What a climb came to, and where.

    Attributes:
        date: Day in UTC, for example ``2026-11-22``.
        versions: Versions by the names of what has them.
        architecture: Of the processor, for example ``x86_64``.
        model: Name of the classifier; empty if there is none.
        devices: The devices.
        verdicts: In the order of devices and rungs.
        error: Why MAX did not say which accelerators there are; empty if it did.
    """

    date: str
    versions: Mapping[str, str]
    architecture: str
    model: str
    devices: tuple[ProbedDevice, ...]
    verdicts: tuple[RungVerdict, ...]
    error: str = ""


def report_of(
    model: str, devices: Sequence[ProbedDevice], verdicts: Sequence[RungVerdict], error: str = ""
) -> ProbeReport:
    """Returns the report on a climb that has just ended on this machine; see ``ProbeReport``."""
    return ProbeReport(
        datetime.now(UTC).date().isoformat(),
        {name: number for name, number in versions().items() if number},
        platform.machine(),
        model,
        tuple(devices),
        tuple(verdicts),
        error,
    )


def line(cells: Sequence[str]) -> str:
    """Returns a line of the table for a terminal, of the cells of ``COLUMNS`` and a reason."""
    first = [cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=False)]
    return "  ".join((*first, *cells[len(_WIDTHS) :])).rstrip()


def cells(verdict: RungVerdict) -> tuple[str, ...]:
    """Returns the cells of a verdict, the reason last."""
    return (
        verdict.device,
        verdict.rung,
        verdict.outcome,
        f"{verdict.error:.1e}" if verdict.error else "",
        f"{verdict.milliseconds:.2f}" if verdict.milliseconds else "",
        f"{verdict.seconds:.1f}" if verdict.seconds else "",
        verdict.reason,
    )


def as_text(report: ProbeReport) -> str:
    """Returns the table and what was found besides."""
    lines = [line(COLUMNS), *(line(cells(each)) for each in report.verdicts)]
    return "\n".join([*lines, "", summary(report)])


def summary(report: ProbeReport) -> str:
    """Returns how many rungs work on each device, and where the logs of the others are."""
    lines = []
    for device in report.devices:
        mine = [each for each in report.verdicts if each.device == device.name]
        works = sum(each.works for each in mine)
        lines.append(f"{device.name}: {device.description}: {works} of {len(mine)} rungs work")
    if report.error:
        lines.append(f"accelerators: {report.error}")
    elif not any(device.accelerator for device in report.devices):
        lines.append("accelerators: MAX finds none")
    directories = sorted({str(Path(each.log).parent) for each in report.verdicts if each.log})
    lines += [f"logs of rungs that do not work: {directory}" for directory in directories]
    return "\n".join(lines)


def as_json(report: ProbeReport) -> dict[str, Any]:
    """Returns the report as a JSON object; ``read_json`` reads it."""
    return asdict(report)


def read_json(content: Mapping[str, Any]) -> ProbeReport:
    """Reads what ``as_json`` returned.

    Raises:
        KeyError: It is no such report.
        TypeError: It is no such report.
    """
    devices = tuple(
        ProbedDevice(
            each["name"],
            each["description"],
            each["accelerator"] and Accelerator(**each["accelerator"]),
        )
        for each in content["devices"]
    )
    verdicts = tuple(RungVerdict(**each) for each in content["verdicts"])
    return ProbeReport(**{**content, "devices": devices, "verdicts": verdicts})


def as_markdown(report: ProbeReport) -> str:
    """Returns the report for a bug report, with the ends of the logs of rungs that do not work."""
    lines = [f"# Probe of {report.date}", "", made_with(report)]
    if report.error:
        lines += ["", f"Accelerators: {escaped(report.error)}."]
    for device in report.devices:
        mine = [each for each in report.verdicts if each.device == device.name]
        lines += ["", f"## {device.name}: {escaped(device.description)}", ""]
        lines += table((*COLUMNS[1:], "reason"), [cells(each)[1:] for each in mine])
        for each in mine:
            lines += _log_of(each)
    return "\n".join(lines)


def made_with(report: ProbeReport) -> str:
    """Returns the sentences on versions and classifier, as Markdown."""
    named = ", ".join(f"{name} {number}" for name, number in report.versions.items())
    return f"{escaped(named)}; {report.architecture}. Classifier: {escaped(report.model)}."


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Returns the lines of a table in Markdown."""
    head = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    return head + [f"| {' | '.join(map(escaped, row))} |" for row in rows]


def escaped(text: str) -> str:
    """Returns a text of somebody else's as Markdown that shows it."""
    for special in ("\\", "|", "<", "*", "_", "`", "["):
        text = text.replace(special, f"\\{special}")
    return text


def _log_of(verdict: RungVerdict) -> list[str]:
    """Returns the end of a verdict's log, folded; nothing if there is none."""
    if not verdict.log:
        return []
    try:
        said = Path(verdict.log).read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return []
    if not said:
        return []
    last = said[-_LOG_LINES:]
    heading = f"{verdict.device} {verdict.rung}: the last {len(last)} of {len(said)} lines"
    # Four spaces show whatever the lines have as it is.
    shown = [f"    {each}" for each in last]
    return ["", f"<details><summary>{heading}</summary>", "", *shown, "", "</details>"]
