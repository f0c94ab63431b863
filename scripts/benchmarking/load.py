"""Runs the load generator as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from scripts.benchmarking.environments import process_environment
from scripts.benchmarking.errors import BenchmarkError, NotAvailable
from scripts.benchmarking.load_generator import Outcome, Plan

GRACE_S = 120.0
"""Seconds that a load may take beyond those in which requests are begun."""


def run_load(plan: Plan) -> Outcome:
    """Sends a load and returns its outcome.

    Raises:
        NotAvailable: The server left requests unanswered for ``GRACE_S``.
        BenchmarkError: The generator failed.
    """
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "scripts.benchmarking.load_generator"],
            input=json.dumps(asdict(plan)),
            env=process_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=plan.seconds + GRACE_S,
        )
    except subprocess.TimeoutExpired:
        raise NotAvailable(f"it left requests unanswered for {GRACE_S:.0f} s") from None
    if ended.returncode:
        raise BenchmarkError(f"the load generator failed: {ended.stderr.strip()[-500:]}")
    return Outcome(**json.loads(ended.stdout))
