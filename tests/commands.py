"""Starting other processes in the environment that a shell would give them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(
    *command: str | Path,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    timeout: float = 400,
) -> subprocess.CompletedProcess[str]:
    """Runs a command until it ends.

    Importing MAX changes the C environment behind ``os.environ``, after which a child that inherits
    it is another Python; what ``os.environ`` shows is what a shell would pass on.
    """
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        env=dict(os.environ) | dict(environment or {}),
        check=False,
    )


def run_python(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs this Python."""
    return run(sys.executable, *arguments, **options)  # type: ignore[arg-type]
