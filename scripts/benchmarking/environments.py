"""Python environments of engines and servers, and their installation.

The product's own is the one that runs this; each other is a folder of ``.venv-benchmark``, filled
from a lock in ``environments/`` by ``fill_environment`` the first time it is needed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.paths import PACKAGE, ROOT

PRODUCT = "product"

INSTALL_TIMEOUT_S = 900.0
"""Seconds after which an installation is given up."""


@cache
def interpreter(environment: str) -> Path:
    """Returns the Python of an environment, installing it where needed.

    Raises:
        NotAvailable: It cannot be installed here.
    """
    if environment == PRODUCT:
        return Path(sys.executable)
    # A new session, so that a timeout also ends the processes that the script has started.
    process = subprocess.Popen(
        [PACKAGE / "fill_environment", environment],
        cwd=ROOT,
        env=dict(os.environ),  # importing MAX changes the C environment
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=INSTALL_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise NotAvailable(
            f"the environment {environment!r} was not installed within {INSTALL_TIMEOUT_S:g} s"
        ) from None
    if process.returncode:
        lines = output.strip().splitlines() or ["no message"]
        raise NotAvailable(f"the environment {environment!r} was not installed: {lines[-1]}")
    return ROOT / ".venv-benchmark" / environment / "bin" / "python"


def process_environment() -> dict[str, str]:
    """Returns the environment variables of an engine or a server.

    The package and the repository are importable. Thread counts that the caller's shell sets for
    one library would favour another, so they are left out.
    """
    left_out = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "KMP_BLOCKTIME"}
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return inherited | {
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "true",
        "OPENVINO_TELEMETRY_OPTOUT": "1",
    }
