"""A server under measurement: started, asked, watched and stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from scripts.benchmarking.environments import process_environment
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.servers.server import Server

START_TIMEOUT_S = 600.0
STOP_TIMEOUT_S = 60.0


def free_ports(count: int) -> list[int]:
    """Returns ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class ServerProcess:
    """A running server.

    Attributes:
        seconds_to_answer: From its start to its first answer.
    """

    def __init__(self, server: Server, port: int, process: subprocess.Popen[bytes]) -> None:
        self._server = server
        self._port = port
        self._process = process
        self.seconds_to_answer = 0.0

    def ask(self, texts: Sequence[str], timeout: float = 300) -> list[str | int]:
        """Returns the labels that the server gives texts.

        Raises:
            OSError: It did not answer with 200.
        """
        return self._server.labels(self.post(self._server.body(texts), timeout))

    def post(self, body: Any, timeout: float = 300) -> Any:
        """Posts a body to the server's path and returns the JSON of the answer.

        Raises:
            OSError: It did not answer with 200.
        """
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{self._server.path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=timeout) as answer:
            return json.load(answer)

    def tree(self) -> list[psutil.Process]:
        """Returns the process and its descendants."""
        root = psutil.Process(self._process.pid)
        return [root, *root.children(recursive=True)]

    def cpu_s(self) -> float:
        """Returns the CPU seconds of the tree so far, ended children included."""
        total = 0.0
        for process in self.tree():
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def memory_mb(self) -> float:
        """Returns the memory of the tree, shared pages once (PSS)."""
        total = 0
        for process in self.tree():
            try:
                total += process.memory_full_info().pss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return total / 1e6


@contextmanager
def running(server: Server, port: int, text: str) -> Iterator[ServerProcess]:
    """Starts a server, gives it once it has classified a text, and ends it.

    Raises:
        NotAvailable: It ended, or did not answer in ten minutes.
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
            _stop(process)


def root_cause(log: str) -> str:
    """Returns the first error that a log names, or its end where it names none.

    Servers of several processes end with the error that the others ended with.
    """
    for line in log.splitlines():
        error = re.search(r"\b[A-Z]\w*Error: .+", line)
        if error is not None and "WARNING" not in line:
            return error[0]
    return log.strip()[-500:] or "it wrote nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a server with SIGTERM, and what is left of its session with SIGKILL."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STOP_TIMEOUT_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class PeakMemory:
    """The most memory a server takes while the block runs, in MB.

    Reading memory maps stops a process for a moment, so nothing is timed meanwhile.
    """

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.mb = 0.0

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.mb = max(self.mb, self._server.memory_mb())
            if self._stopped.wait(0.1):
                return
