"""The report of an examination: lines for a reader, or JSON for a script."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from distilbert_sentiment_arch.doctor.finding import (
    FIT,
    FIT_WITH_WARNINGS,
    UNFIT,
    Finding,
    Level,
    exit_status,
)
from distilbert_sentiment_arch.machine.software import versions

SCHEMA = 1
"""Version of the JSON object; it changes when a field is taken away or means something else."""

VERDICTS = {FIT: "fit", FIT_WITH_WARNINGS: "fit with warnings", UNFIT: "unfit"}

_COLOURS: dict[Level, str] = {"ok": "32", "warning": "33", "unfit": "31"}

_MOST_FOUND = 60
"""Columns of what was found; a longer one moves what follows it."""

_LEAST_WRAPPED = 30
"""Columns that wrapped text has at least, however narrow the terminal."""


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Returns the report as a JSON object."""
    status = exit_status(findings)
    return {
        "schema": SCHEMA,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "verdict": VERDICTS[status],
        "exit_status": status,
        "versions": versions(),
        "findings": [asdict(each) for each in findings],
    }


def as_text(
    findings: Sequence[Finding], *, colour: bool = False, columns: int | None = None
) -> str:
    """Returns the report as lines: level, name, what was found, what it means, the remedy.

    Args:
        findings: The findings.
        colour: Colour the levels, as terminals do it.
        columns: Width of the terminal, at which lines are wrapped; None for a line a finding.
    """
    names = max(map(len, (each.name for each in findings)), default=0)
    found = min(max(map(len, (each.found for each in findings)), default=0), _MOST_FOUND)
    lines = [
        line
        for each in findings
        for line in _lines(each, names, found, colour=colour, columns=columns)
    ]
    return "\n".join([*lines, "", _verdict(findings)])


def _lines(
    finding: Finding, names: int, found: int, *, colour: bool, columns: int | None
) -> list[str]:
    level = f"{finding.level:<7}"
    head = f"{level}  {finding.name:<{names}}  "
    what = finding.meaning + (f" -> {finding.remedy}" if finding.remedy else "")
    text = f"{head}{finding.found:<{found}}  {what}"
    wrapped = [text]
    if columns is not None and len(text) > columns:
        # Below each other where a terminal is too narrow for them side by side.
        parts = [finding.found, finding.meaning, *([f"-> {finding.remedy}"] * bool(finding.remedy))]
        width = max(_LEAST_WRAPPED, columns - len(head))
        rows = [row for part in parts for row in textwrap.wrap(part, width)]
        wrapped = [head + rows[0], *(" " * len(head) + row for row in rows[1:])]
    if colour:
        wrapped[0] = f"\033[{_COLOURS[finding.level]}m{level}\033[0m" + wrapped[0][len(level) :]
    return wrapped


def _verdict(findings: Sequence[Finding]) -> str:
    counts = {
        level: sum(each.level == level for each in findings) for level in ("unfit", "warning")
    }
    told = {
        "unfit": f"{counts['unfit']} to mend before a server runs",
        "warning": f"{counts['warning']} to know of",
    }
    more = "; ".join(told[level] for level, count in counts.items() if count)
    return f"{VERDICTS[exit_status(findings)]}{': ' if more else ''}{more}"
