"""A module of this package, run in a process of its own that may fail in any way, or hang."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.process_group import signal_group

MOST_CHARACTERS = 8192
"""What is kept of the end of a process's standard error."""


@dataclass(frozen=True)
class Answer:
    """What a process said.

    Attributes:
        objects: The JSON objects of its standard output, a line each.
        status: Its exit status; negative for a signal; None where it was ended for taking too long.
        errors: The end of its standard error.
    """

    objects: tuple[dict[str, Any], ...]
    status: int | None
    errors: str = ""

    @property
    def failure(self) -> str:
        """Why it did not end well, in a line; empty if it did."""
        if self.status == 0:
            return ""
        if self.status is None:
            return "no answer in time"
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        lines = [line for line in self.errors.splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"ended with status {self.status}"


def ask(module: str, arguments: Sequence[str], timeout_s: float) -> Answer:
    """Runs a module and returns what it said.

    Args:
        module: Its dotted name.
        arguments: Its arguments.
        timeout_s: Seconds after which it is ended, with all that it started.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - this Python, a module of ours
            [*python_command(module), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=python_environment(),
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Answer((), 1, f"the process does not start: {error}")
    try:
        output, errors = process.communicate(timeout=timeout_s)
        status: int | None = process.returncode
    except subprocess.TimeoutExpired:
        # With the compilers it started, which would hold the pipes open.
        signal_group(process.pid)
        output, errors = process.communicate()
        status = None
    return Answer(tuple(_objects(output)), status, errors[-MOST_CHARACTERS:])


def _objects(output: str) -> list[dict[str, Any]]:
    found = []
    for line in output.splitlines():
        with suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                found.append(value)
    return found
