"""Draws the plots of a result, in the environment that has matplotlib."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.benchmarking.environments import interpreter, process_environment
from scripts.benchmarking.errors import NotAvailable


def draw(directory: Path) -> list[Path]:
    """Draws ``results.json`` of a directory into it, as PNG and SVG.

    Returns:
        The files written; none, with a message on standard error, if matplotlib is not available.
    """
    before = set(directory.iterdir())
    try:
        ended = subprocess.run(
            [interpreter("runtimes"), "-m", "scripts.benchmarking.draw", directory],
            env=process_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise NotAvailable(ended.stderr.strip()[-300:])
    except NotAvailable as error:
        print(f"No plots: {error}", file=sys.stderr)
    return sorted(set(directory.iterdir()) - before)
