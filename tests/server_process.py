"""A real `max serve`, started as an operator starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from commands import ROOT

from scripts.benchmarking.server_process import free_ports

START_TIMEOUT_S = 400  # a cold compile on two busy cores


@dataclass
class Server:
    """A running server."""

    url: str
    metrics_url: str
    process: subprocess.Popen[bytes]
    log: Path
    client: httpx.Client


def model_worker(server: Server) -> psutil.Process:
    """The child that holds the model: the largest."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return max(children, key=lambda child: child.memory_info().rss)


@contextmanager
def running_server(directory: Path, *flags: str | Path, **options: Any) -> Iterator[Server]:
    """Starts a server as ``starting_server`` does, and waits until it is ready."""
    with starting_server(directory, *flags, **options) as server:
        wait_until_ready(server.process, server.client, server.log)
        yield server


@contextmanager
def starting_server(
    directory: Path,
    *flags: str | Path,
    command: str = "serve",
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    cgroup: Path | None = None,
) -> Iterator[Server]:
    """Starts a server on free ports, and ends it with SIGTERM.

    Args:
        directory: Where it runs, and its log is.
        *flags: Its flags.
        command: ``serve`` or ``lexicon``.
        port: Its port, if a test knows it beforehand.
        environment: What is added to the environment.
        cgroup: What it and its processes are put into.
    """
    free_port, metrics_port = free_ports(2)
    port = port or free_port
    directory.mkdir(exist_ok=True)
    log = directory / "log"
    python = [sys.executable, "-m", "distilbert_sentiment_arch.cli"]
    if cgroup is not None:
        enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
        python = ["bash", "-c", enter, str(cgroup), *python]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*python, command, "--host", "127.0.0.1", "--port", str(port), *flags],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={  # what a shell would pass on, see commands.run
                **os.environ,
                **(environment or {}),
                "MAX_SERVE_METRICS_ENDPOINT_PORT": str(metrics_port),
                "PYTHONPATH": str(ROOT),
            },
            cwd=directory,
        )
    url = f"http://127.0.0.1:{port}"
    metrics_url = f"http://127.0.0.1:{metrics_port}/metrics"
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        try:
            yield Server(url, metrics_url, process, log, client)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}:\n{log.read_text()[-4000:]}")
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    pytest.fail(f"the server was not ready after {START_TIMEOUT_S} s:\n{log.read_text()[-4000:]}")
