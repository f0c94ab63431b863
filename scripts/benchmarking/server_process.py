"""The process of a measured server: start, requests, CPU time and memory."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from scripts.benchmarking.environments import process_environment
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.servers.server import Server
from scripts.process_memory import memory_of, process_tree
from scripts.server_process import stop

START_TIMEOUT_S = 300.0
"""A cold compile on two busy cores takes less."""


class ServerProcess:
    """A running server.

    Attributes:
        seconds_to_answer: Seconds from its start to its first answer.
    """

    def __init__(self, server: Server, port: int, process: subprocess.Popen[bytes]) -> None:
        self._server = server
        self._port = port
        self._process = process
        self.seconds_to_answer = 0.0

    def ask(self, texts: Sequence[str], timeout: float = 300) -> list[str | int]:
        """Returns the server's labels for texts.

        Raises:
            OSError: It did not answer with 200.
        """
        return self._server.labels(self.post(self._server.body(texts), timeout))

    def post(self, body: Any, timeout: float = 300) -> Any:
        """Posts a body to the server's path and returns the JSON of the answer.

        Raises:
            OSError: It did not answer with 200.
        """
        return self._request(self._server.path, json.dumps(body).encode(), timeout)

    def why_wrong(self) -> str | None:
        """Returns why the server is not what was to be measured; None if it is.

        Raises:
            OSError: It did not describe its model with 200.
        """
        if not self._server.about:
            return None
        return self._server.why_wrong(self._request(self._server.about, None, 30))

    def _request(self, path: str, body: bytes | None, timeout: float) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            data=body,
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=timeout) as answer:
            return json.load(answer)

    @property
    def pid(self) -> int:
        """The root of the server's process tree."""
        return self._process.pid

    def cpu_s(self) -> float:
        """Returns the CPU seconds of the process tree so far, ended children included."""
        total = 0.0
        for process in process_tree(self.pid):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory_mb(self) -> float:
        """Returns the memory of the process tree in MB; shared pages count once (PSS)."""
        return memory_of(self.pid) / 1e6


@contextmanager
def running(server: Server, port: int, text: str) -> Iterator[ServerProcess]:
    """Starts a server, yields it once it has classified a text, and ends it.

    Raises:
        NotAvailable: It ended, or did not answer within ``START_TIMEOUT_S``.
    """
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            list(server.command),
            cwd=Path(tempfile.gettempdir()),
            env=process_environment() | dict(server.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running_server = ServerProcess(server, port, process)
        try:
            while True:
                if process.poll() is not None:
                    log.seek(0)
                    reason = root_cause(log.read().decode(errors="replace"))
                    raise NotAvailable(f"it ended with {process.returncode}: {reason}")
                if time.perf_counter() - start > START_TIMEOUT_S:
                    raise NotAvailable(f"it did not answer within {START_TIMEOUT_S:.0f} s")
                try:
                    running_server.ask([text])
                    break
                except OSError:
                    time.sleep(0.05)
            running_server.seconds_to_answer = time.perf_counter() - start
            yield running_server
        finally:
            stop(process)
            with suppress(ProcessLookupError):  # remaining processes of its session
                os.killpg(process.pid, signal.SIGKILL)


def root_cause(log: str) -> str:
    """Returns the first error in a log, or the end of a log without one.

    In servers of several processes, the last error is only that the other processes ended.
    """
    for line in log.splitlines():
        error = re.search(r"\b[A-Z]\w*Error: .+", line)
        if error is not None and "WARNING" not in line:
            return error[0]
    return log.strip()[-500:] or "it wrote nothing"
