"""Watches a server under siege: how long ``/health`` takes, what memory it has, what it logs.

    python -m scripts.besieging.watch HOST PORT

asks for ``/health`` from a process of its own, since one that is busy sending would measure itself,
and prints when it asked and how long the answer took, until its standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from scripts.process_memory import memory_of

EVERY_S = 0.02
LONGEST_S = 60.0
MEMORY_EVERY_S = 2.0
_ROOT = Path(__file__).resolve().parents[2]
_SIGNS = (b"Traceback (most recent call last)", b"unexpected error", b'"status": 500')
_HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Health:
    """What ``/health`` took.

    Attributes:
        asked: When, by the monotonic clock.
        waited: Seconds until the answer; infinite where there was none.
    """

    asked: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)


@contextmanager
def watched_health(host: str, port: int) -> Iterator[Health]:
    """Asks for ``/health`` while the block runs, and fills in what was seen at its end."""
    health = Health()
    with tempfile.TemporaryFile("w+") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.besieging.watch", host, str(port)],
            stdin=subprocess.PIPE,
            stdout=lines,
            # What a shell would pass on: importing MAX changes the environment behind os.environ.
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        try:
            yield health
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=2 * LONGEST_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        lines.seek(0)
        for line in lines:
            asked, waited = line.split()
            health.asked.append(float(asked))
            health.waited.append(float(waited))


def _poll(host: str, port: int) -> None:
    connection: socket.socket | None = None
    while not select.select([sys.stdin], [], [], EVERY_S)[0]:
        asked = time.monotonic()
        waited = float("inf")
        try:
            if connection is None:
                connection = socket.create_connection((host, port), timeout=LONGEST_S)
            connection.sendall(_HEALTH)
            received = b""
            while b"\r\n\r\n" not in received:
                chunk = connection.recv(65536)
                if not chunk:
                    raise ConnectionError("closed")
                received += chunk
            if received.startswith(b"HTTP/1.1 200 "):
                waited = time.monotonic() - asked
        except OSError:
            connection = None
        print(f"{asked:.4f} {waited:.4f}", flush=True)


@dataclass
class Memory:
    """What the process tree takes, in bytes; shared pages count once."""

    before: int = 0
    peak: int = 0
    after: int = 0


def tree(pid: int | None) -> set[int]:
    """Returns the processes of a tree; none of one that has ended."""
    if pid is None:
        return set()
    with suppress(psutil.Error):
        return {pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))}
    return set()


@asynccontextmanager
async def watched_memory(pid: int | None) -> AsyncIterator[Memory]:
    """Watches the memory of a process tree while the block runs; not at all without a process."""
    memory = Memory()
    if pid is None:
        yield memory
        return

    async def watch() -> None:
        while True:
            await asyncio.sleep(MEMORY_EVERY_S)
            with suppress(psutil.Error):
                memory.peak = max(memory.peak, await asyncio.to_thread(memory_of, pid))

    memory.before = memory.peak = memory_of(pid)
    watching = asyncio.create_task(watch())
    try:
        yield memory
    finally:
        watching.cancel()
        with suppress(psutil.Error):
            memory.after = memory_of(pid)
            memory.peak = max(memory.peak, memory.after)


class Log:
    """What a server logs from now on.

    Args:
        path: Its file; None where there is none to read.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._start = path.stat().st_size if path else 0

    def alarms(self) -> list[str]:
        """Returns the beginnings of what an operator should never have to read."""
        if self._path is None:
            return []
        found: list[str] = []
        with self._path.open("rb") as lines:
            lines.seek(self._start)
            more = 0
            for line in lines:
                if more:
                    found[-1] += line.decode(errors="replace")
                    more -= 1
                elif any(sign in line for sign in _SIGNS):
                    found.append(line.decode(errors="replace"))
                    more = 40 if len(found) <= 5 else 0
        return found


if __name__ == "__main__":
    _poll(sys.argv[1], int(sys.argv[2]))
