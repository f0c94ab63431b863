"""Starting and stopping of ``max-sentiment serve`` and ``max-sentiment lexicon`` on free ports.

Used by the tests, ``measure.py``, ``soak.py`` and the siege. The benchmark, which also starts the
servers of other projects, uses ``free_ports`` and ``stop``.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

START_TIMEOUT_S = 400.0
"""Maximum seconds of a start; one that compiles on two busy cores takes less."""

STOP_TIMEOUT_S = 60.0

_HTTP_OK = 200


class ServerNotReady(Exception):
    """The server ended, or was not ready in time; the message contains the end of its log."""


@dataclass(frozen=True)
class ServerProcess:
    """A server that was started.

    Attributes:
        port: Its HTTP port on 127.0.0.1.
        metrics_port: The port of its metrics.
        process: Its process, the root of a process tree.
        log: File of its output.
    """

    port: int
    metrics_port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Address of its routes, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def metrics_url(self) -> str:
        """Address of its metrics; the lexicon server opens it shortly after it is ready."""
        return f"http://127.0.0.1:{self.metrics_port}/metrics"


@contextmanager
def started(
    directory: Path,
    *flags: str | Path,
    command: str = "serve",
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    cgroup: Path | None = None,
    inside: Sequence[str] = (),
    working_directory: Path | None = None,
    search: Sequence[Path] = (),
) -> Iterator[ServerProcess]:
    """Starts a server, yields it without waiting for it, and ends it with SIGTERM.

    Args:
        directory: Directory of its log; created if it does not exist.
        *flags: Flags of the command.
        command: ``serve`` or ``lexicon``.
        port: Its port; None for a free one.
        environment: Variables added to those of this process.
        cgroup: Control group of the server and its processes.
        inside: A command that becomes the one that follows it, in other surroundings.
        working_directory: Its working directory; ``directory`` by default.
        search: Directories that its Python searches for modules first.
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
            [*inside, *python, command, "--host", "127.0.0.1", "--port", str(port), *flags],
            stdout=output,
            stderr=subprocess.STDOUT,
            # Explicit, because importing MAX changes the C environment, but not os.environ.
            env={
                **os.environ,
                **(environment or {}),
                "MAX_SERVE_METRICS_ENDPOINT_PORT": str(metrics_port),
                "PYTHONPATH": os.pathsep.join(map(str, (*search, ROOT))),
            },
            cwd=working_directory or directory,
        )
    try:
        yield ServerProcess(port, metrics_port, process, log)
    finally:
        stop(process)


@contextmanager
def running(directory: Path, *flags: str | Path, **options: Any) -> Iterator[ServerProcess]:
    """Starts a server like ``started``, and yields it when it is ready.

    Raises:
        ServerNotReady: The server ended, or was not ready in time.
    """
    with started(directory, *flags, **options) as server:
        wait_until_ready(server)
        yield server


def wait_until_ready(server: ServerProcess, timeout_s: float = START_TIMEOUT_S) -> None:
    """Waits until ``/ready`` answers 200.

    Raises:
        ServerNotReady: The server ended, or ``timeout_s`` seconds have passed.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def is_ready() -> bool:
        with opener.open(f"{server.url}/ready", timeout=60) as answer:
            return bool(answer.status == _HTTP_OK)

    wait_until(server, is_ready, timeout_s)


def wait_until(
    server: ServerProcess, is_ready: Callable[[], bool], timeout_s: float = START_TIMEOUT_S
) -> None:
    """Waits until a server is ready.

    Args:
        server: The server.
        is_ready: Check of the server; a connection error counts as False.
        timeout_s: Maximum seconds to wait.

    Raises:
        ServerNotReady: The server ended, or ``timeout_s`` seconds have passed.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise ServerNotReady(
                f"the server ended with {server.process.returncode}:\n{_end_of(server.log)}"
            )
        with suppress(OSError, HTTPException):
            if is_ready():
                return
        time.sleep(0.02)
    raise ServerNotReady(
        f"the server was not ready after {timeout_s:.0f} s:\n{_end_of(server.log)}"
    )


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-4000:]


def stop(process: subprocess.Popen[bytes], timeout_s: float = STOP_TIMEOUT_S) -> None:
    """Ends a process with SIGTERM, or with SIGKILL if it has not ended after ``timeout_s``."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Returns different free ports of 127.0.0.1."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
