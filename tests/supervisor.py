"""Runs ``supervise`` over the steps that standard input names, and says what failed.

echo '[{"name": "a", "mode": "exit 3", "port": 1}]' | python supervisor.py
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from whole_lines import write_line

from distilbert_sentiment_arch.cli.supervision import Failure, Step, supervise

CHILD = Path(__file__).with_name("supervised_child.py")


class Listed:
    """The steps of a list, one after the other."""

    def __init__(self, described: list[dict[str, Any]]) -> None:
        self._steps = iter([step_of(each) for each in described])

    def first(self) -> Step:
        return next(self._steps)

    def after(self, failure: Failure) -> Step | None:
        said = {
            "failed": failure.step.name,
            "phase": failure.phase,
            "reason": failure.reason,
            "port": failure.address and failure.address.port,
        }
        write_line(said)
        return next(self._steps, None)


def step_of(described: dict[str, Any]) -> Step:
    rest = dict(described)
    name, mode, port = rest.pop("name"), rest.pop("mode"), rest.pop("port")
    command = [sys.executable, str(CHILD), name, mode, str(port), *rest.pop("mark", [])]
    stand_in = rest.pop("stand_in", None)
    return Step(
        name,
        command,
        dict(os.environ),
        tells=mode != "words",
        stand_in=step_of(stand_in) if stand_in else None,
        **rest,
    )


if __name__ == "__main__":
    sys.exit(supervise(Listed(json.loads(sys.stdin.readline())), poll_s=0.02))
