"""A server of its own for a campaign, started as an operator starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarking.server_process import free_ports

_ROOT = Path(__file__).resolve().parents[2]
_START_TIMEOUT_S = 600


@dataclass(frozen=True)
class Besieged:
    """A running server.

    Attributes:
        port: Where it listens.
        pid: Its process, the root of a tree.
        log: What it prints.
    """

    port: int
    pid: int
    log: Path


@contextmanager
def started(command: str) -> Iterator[Besieged]:
    """Starts ``max-sentiment serve`` or ``lexicon``, gives it once it is ready, and ends it."""
    port, metrics_port = free_ports(2)
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "distilbert_sentiment_arch.cli", command),
                    *("--host", "127.0.0.1", "--port", str(port)),
                ],
                cwd=_ROOT,
                env={
                    **os.environ,
                    "MAX_SERVE_METRICS_ENDPOINT_PORT": str(metrics_port),
                    "PYTHONPATH": str(_ROOT),
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait(process, port, log)
            yield Besieged(port, process.pid, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(f"http://127.0.0.1:{port}/ready", timeout=60):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")
