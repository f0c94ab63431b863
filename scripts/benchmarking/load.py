"""Runs the load generator in its process."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

from scripts.benchmarking.environments import process_environment
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.load_generator import Outcome, Plan


def run_load(plan: Plan) -> Outcome:
    """Sends a load and returns what came of it.

    Raises:
        BenchmarkError: The generator failed.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.benchmarking.load_generator"],
        input=json.dumps(asdict(plan)),
        env=process_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BenchmarkError(f"the load generator failed: {ended.stderr.strip()[-500:]}")
    return Outcome(**json.loads(ended.stdout))
