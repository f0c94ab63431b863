"""Supervision of servers: real processes, of a few lines each, that fail in every way there is."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from commands import ROOT

from scripts.server_process import free_ports

PATIENCE_S = 120
"""Longest wait for an event; one that does not come fails the test."""


class Running:
    """A supervisor, and what it and its children say."""

    def __init__(self, steps: list[dict[str, Any]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "supervisor.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(steps) + "\n")
        self.process.stdin.close()
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.pids: dict[str, int] = {}
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def until(self, **expected: Any) -> dict[str, Any]:
        """Returns the next line that says this; what comes before it is forgotten."""
        while (line := self._lines.get(timeout=PATIENCE_S)) is not None:
            if "pid" in line:
                self.pids[line["name"]] = line["pid"]
            if expected.items() <= line.items():
                return line
        raise AssertionError(f"it ended without {expected}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.status()

    def status(self) -> int:
        return self.process.wait(timeout=PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(timeout=PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Running] = []

    def run(*steps: dict[str, Any]) -> Running:
        started.append(Running(list(steps)))
        return started[-1]

    yield run
    for each in started:
        each.close()


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


def step(name: str, mode: str, port: int = 0, **rest: Any) -> dict[str, Any]:
    return {"name": name, "mode": mode, "port": port, **rest}


def answer(port: int, path: str = "/") -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as response:
        return str(response.read().decode())


def assert_gone(*pids: int) -> None:
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def test_what_fails_at_its_start_is_followed_and_sigterm_ends_in_order(
    start: Start, port: int
) -> None:
    running = start(step("gpu:0", "exit 3"), step("cpu", "serve", port))
    failed = running.until(failed="gpu:0")
    assert (failed["phase"], failed["reason"]) == ("start", "ended with status 3")
    running.until(name="cpu", says="serving")
    assert answer(port) == "cpu"
    assert running.end() == 0
    assert_gone(running.pids["cpu"])


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize("mode", ["hang", "serve"])
def test_a_signal_ends_a_start_and_a_service(
    start: Start, port: int, mode: str, number: signal.Signals, status: int
) -> None:
    running = start(step("gpu:0", mode, port), step("cpu", "exit 9"))
    running.until(name="gpu:0", says="serving" if mode == "serve" else "starting")
    assert running.end(number) == status
    assert_gone(running.pids["gpu:0"])


def test_a_signal_ends_the_pause_before_a_start_and_its_stand_in(start: Start, port: int) -> None:
    words = step("words", "words", port)
    running = start(step("cpu", "exit 1"), step("again", "exit 9", delay_s=1000.0, stand_in=words))
    running.until(name="words", says="serving")
    assert running.end() == 0
    assert_gone(running.pids["words"])


def test_a_second_signal_kills_what_does_not_heed_the_first(start: Start) -> None:
    running = start(step("gpu:0", "deaf"))
    running.until(name="gpu:0", says="starting")
    running.process.send_signal(signal.SIGTERM)
    running.until(name="gpu:0", says="heard")
    assert running.end() == 0
    assert_gone(running.pids["gpu:0"])


def test_a_start_that_takes_too_long_fails(start: Start, port: int) -> None:
    running = start(step("gpu:0", "hang", start_limit_s=0.5), step("cpu", "serve", port))
    failed = running.until(failed="gpu:0")
    assert failed["phase"] == "start"
    assert failed["reason"] == "did not load its model within 0.5 seconds"
    running.until(name="cpu", says="serving")
    assert running.end() == 0


@pytest.mark.parametrize(
    ("mode", "status"), [("exit 3", 3), ("kill", 128 + signal.SIGKILL), ("end", 5)]
)
def test_the_status_is_that_of_the_last_failure(
    start: Start, port: int, mode: str, status: int
) -> None:
    last = step("cpu", mode) if mode.startswith("exit") else step("cpu", "serve", port)
    running = start(step("gpu:0", "exit 7"), last)
    if not mode.startswith("exit"):
        running.until(name="cpu", says="serving")
        if mode == "kill":
            os.kill(running.pids["cpu"], signal.SIGKILL)
        else:
            with pytest.raises((urllib.error.URLError, ConnectionError)):
                answer(port, "/end")
    failed = running.until(failed="cpu")
    assert failed["phase"] == ("start" if mode.startswith("exit") else "service")
    assert running.status() == status


def test_a_child_that_ends_in_order_ends_the_supervisor(start: Start) -> None:
    assert start(step("cpu", "exit 0"), step("words", "exit 9")).status() == 0


def test_after_a_failure_in_service_a_stand_in_answers_until_the_next_has_loaded(
    start: Start, port: int, tmp_path: Path
) -> None:
    mark = tmp_path / "loaded"
    words = step("words", "words", port)
    running = start(
        step("gpu:0", "serve", port),
        step("cpu", "serve", port, mark=[str(mark)], stand_in=words),
    )
    running.until(name="gpu:0", says="serving")
    assert answer(port) == "gpu:0"
    os.kill(running.pids["gpu:0"], signal.SIGKILL)
    failed = running.until(failed="gpu:0")
    assert (failed["phase"], failed["port"]) == ("service", port)
    assert failed["reason"] == "was ended by SIGKILL"
    running.until(name="words", says="serving")
    assert answer(port) == "words"
    mark.touch()
    running.until(name="cpu", says="serving")
    assert answer(port) == "cpu"
    assert_gone(running.pids["words"])
    assert running.end() == 0


def test_a_watched_server_that_is_not_ready_any_more_fails(
    start: Start, port: int, tmp_path: Path
) -> None:
    mark = tmp_path / "loaded"
    mark.touch()
    running = start(
        step("gpu:0", "serve", port, mark=[str(mark)], unready_limit_s=2.0),
        step("cpu", "serve", port),
    )
    running.until(name="gpu:0", says="serving")
    mark.with_suffix(".unready").touch()
    failed = running.until(failed="gpu:0")
    assert (failed["phase"], failed["reason"]) == ("service", "was not ready for 2 seconds")
    running.until(name="cpu", says="serving")
    assert_gone(running.pids["gpu:0"])
    assert running.end() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends children")
@pytest.mark.parametrize("mode", ["deaf", "serve"])
def test_a_killed_supervisor_leaves_no_child(start: Start, port: int, mode: str) -> None:
    running = start(step("gpu:0", mode, port))
    running.until(name="gpu:0", says="serving" if mode == "serve" else "starting")
    running.end(signal.SIGKILL)
    assert_gone(running.pids["gpu:0"])


def test_nothing_is_left_of_a_child_s_process_group(start: Start, port: int) -> None:
    running = start(step("gpu:0", "parent"), step("cpu", "serve", port))
    running.until(name="left")
    running.until(name="cpu", says="serving")
    assert_gone(running.pids["left"])
    assert running.end() == 0
