"""A finding of the doctor, and the exit status that findings come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "unfit"]
"""``warning``: a server runs, and an operator should know; ``unfit``: it does not run."""

FIT, FIT_WITH_WARNINGS, UNFIT = 0, 3, 4
"""Exit statuses. 1 is that of any command that could not do its work, 2 that of wrong flags."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        area: What it belongs to: ``software``, ``processor``, ``memory``, ...
        name: What was looked at; unique, for scripts: ``memory.limit``.
        found: What is there.
        meaning: What that means for a server.
        remedy: What to do about it; empty where nothing needs to be done.
        level: How bad it is.
    """

    area: str
    name: str
    found: str
    meaning: str
    remedy: str = ""
    level: Level = "ok"


def exit_status(findings: Iterable[Finding]) -> int:
    """Returns ``FIT``, ``FIT_WITH_WARNINGS`` or ``UNFIT``."""
    levels = {each.level for each in findings}
    return UNFIT if "unfit" in levels else FIT_WITH_WARNINGS if "warning" in levels else FIT
