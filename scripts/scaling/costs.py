"""Measurement of what sharing work between two cores costs, with the kernels' own code."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from distilbert_sentiment_arch.settings.defaults import PACKAGE
from scripts.benchmarking.errors import NotAvailable
from scripts.scaling.model import Costs

PROGRAM = Path(__file__).with_name("costs.mojo")

BUILD_TIMEOUT_S = 300.0
RUN_TIMEOUT_S = 120.0


def measure_costs() -> Costs:
    """Builds the Mojo program and runs it on two of the cores that this process may use.

    Raises:
        NotAvailable: There are fewer cores, or it does not build here.
    """
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        raise NotAvailable(
            f"the costs of sharing work need two cores, and this process may use {len(processors)}."
        )
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "costs"
        mojo = Path(sys.executable).with_name("mojo")
        _run([mojo, "build", "-I", PACKAGE, PROGRAM, "-o", program], BUILD_TIMEOUT_S)
        # MAX has a thread for each core that the process may use.
        listed = ",".join(map(str, processors))
        printed = _run(["taskset", "-c", listed, program], RUN_TIMEOUT_S)
    cores, *nanoseconds = printed.split()
    return Costs(int(cores), *(max(0.0, float(each)) for each in nanoseconds))


def _run(command: Sequence[str | Path], timeout_s: float) -> str:
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=dict(os.environ),  # importing MAX changes the C environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAvailable(f"{command[0]} did not run: {error}") from error
    if ended.returncode:
        raise NotAvailable(f"{command[0]} ended with {ended.returncode}: {ended.stderr[-500:]}")
    return ended.stdout
