"""Servers that are measured: started on a free port, asked over HTTP, ended."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.child_environment import python_command
from distilbert_sentiment_arch.process_group import signal_group
from distilbert_sentiment_arch.recommend.candidates import Candidate
from distilbert_sentiment_arch.recommend.closed_loop import Measured, closed_loop
from distilbert_sentiment_arch.recommend.connection import HOST, Client
from distilbert_sentiment_arch.recommend.memory import session_memory
from distilbert_sentiment_arch.recommend.screening import (
    NotMeasured,
    cancelled_error,
    last_error,
    own_environment,
)
from distilbert_sentiment_arch.settings.defaults import METRICS_PORT, PACKAGE

START_TIMEOUT_S = 900.0
"""Seconds of a start. Its graph was compiled before, without a server."""

STOP_TIMEOUT_S = 40.0

_PEAK_S = 1.0
_BETWEEN_READINGS_S = 0.05
_POLL_S = 0.05


class MeasuredServer:
    """A running server.

    Args:
        process: Its process, the first of its session.
        port: Its port on 127.0.0.1.
        requests: Texts of each request.

    Attributes:
        memory: Readings of its memory, bytes, the first one at rest.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], port: int, requests: Sequence[Sequence[str]]
    ) -> None:
        self._process = process
        self._port = port
        self._requests = requests
        self.memory = [self._bytes()]

    def why_wrong(self, wanted: Candidate) -> str | None:
        """Returns why it is not the server that was asked for; None if it is.

        Raises:
            NotMeasured: It does not say what it serves.
        """
        try:
            about = _get(self._port, "/v1/models")
        except (OSError, HTTPException, ValueError) as error:
            raise NotMeasured(f"the server does not say what it serves: {error}") from None
        for model in about["data"]:
            precision, device = model.get("precision"), model.get("device")
            if precision and precision["computed"] != wanted.precision:
                return f"it computes in {precision['computed']}: {precision['reason']}"
            if device and device["computed"] != wanted.device:
                return f"it computes on {device['computed']}: {device['reason']}"
        return None

    def measure(self, callers: int, seconds: float, cancelled: threading.Event) -> Measured:
        """Sends requests from so many callers for a while, and reads the memory afterwards.

        Raises:
            NotMeasured: The server ended.
            RecommendError: It was cancelled.
        """
        measured = asyncio.run(self._loop(callers, seconds, cancelled))
        if cancelled.is_set():
            raise cancelled_error()
        if self._process.poll() is not None:
            raise NotMeasured(f"the server ended with {self._process.returncode} under load")
        self.memory.append(self._bytes())
        return measured

    def watch_memory(self, callers: int, cancelled: threading.Event) -> None:
        """Reads the memory under load again and again; a reading stops a process for a moment."""
        done = threading.Event()

        def read() -> None:
            while not done.wait(_BETWEEN_READINGS_S):
                self.memory.append(self._bytes())

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            self.measure(callers, _PEAK_S, cancelled)
        finally:
            done.set()
            thread.join()

    async def _loop(self, callers: int, seconds: float, cancelled: threading.Event) -> Measured:
        client = Client(self._port, self._requests)
        try:
            return await closed_loop(client.send, callers, seconds, cancelled)
        finally:
            client.close()

    def _bytes(self) -> int:
        return session_memory(self._process.pid)


@contextmanager
def running(
    directory: Path,
    flags: Sequence[str],
    requests: Sequence[Sequence[str]],
    cancelled: threading.Event,
) -> Iterator[MeasuredServer]:
    """Starts ``max-sentiment serve``, yields it when it is ready, and ends it.

    Args:
        directory: The checkpoint's directory.
        flags: Flags of ``serve``.
        requests: Texts of each request.
        cancelled: Set to give up.

    Raises:
        NotMeasured: It ended, or was not ready within ``START_TIMEOUT_S``.
        RecommendError: It was cancelled.
    """
    port, metrics_port = _free_ports(2)
    command = [*python_command(f"{PACKAGE.name}.cli"), "serve", "--model", str(directory)]
    command += ["--host", HOST, "--port", str(port), *flags]
    with tempfile.TemporaryDirectory(prefix="max-sentiment-") as working:
        log = Path(working, "log")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - this Python, this package
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**own_environment(), METRICS_PORT: str(metrics_port)},
                cwd=working,
                start_new_session=True,
            )
        try:
            _wait_until_ready(process, port, log, cancelled)
            yield MeasuredServer(process, port, requests)
        finally:
            _stop(process)


def _wait_until_ready(
    process: subprocess.Popen[bytes], port: int, log: Path, cancelled: threading.Event
) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotMeasured(f"the server ended with {process.returncode}: {last_error(log)}")
        with suppress(OSError, HTTPException, ValueError):
            _get(port, "/ready")
            return
        if cancelled.wait(_POLL_S):
            raise cancelled_error()
    raise NotMeasured(f"the server was not ready after {START_TIMEOUT_S:.0f} seconds")


def _get(port: int, path: str) -> Any:
    """Returns the JSON of an answer of 200; {} for one without."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{HOST}:{port}{path}", timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content.startswith(b"{") else {}


def _stop(process: subprocess.Popen[bytes]) -> None:
    try:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        pass
    finally:  # behind a second Ctrl-C, too: what is left of its session
        signal_group(process.pid)
        process.wait()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]
