"""Watches of a server under siege: response times of ``/health``, memory, and alarms in the log.

    python -m scripts.besieging.watch HOST PORT

polls ``/health`` until its standard input ends, and prints the time and the response time of each
request. It is a separate process, because the delays of the process that sends the campaign would
be measured as well.
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

HEALTH_INTERVAL_S = 0.02
HEALTH_TIMEOUT_S = 60.0
MEMORY_INTERVAL_S = 2.0
_ROOT = Path(__file__).resolve().parents[2]
_ALARM_MARKS = (b"Traceback (most recent call last)", b"unexpected error", b'"status": 500')
_HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Health:
    """Response times of ``/health``.

    Attributes:
        asked: Time of each request, by the monotonic clock.
        waited: Seconds until its response; infinity if there was none.
    """

    asked: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)


@contextmanager
def watched_health(host: str, port: int) -> Iterator[Health]:
    """Polls ``/health`` inside the context; the result is filled in at its end."""
    health = Health()
    with tempfile.TemporaryFile("w+") as lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.besieging.watch", host, str(port)],
            stdin=subprocess.PIPE,
            stdout=lines,
            # Explicit, because importing MAX changes the C environment, but not os.environ.
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        try:
            yield health
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(timeout=2 * HEALTH_TIMEOUT_S)
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
    while not select.select([sys.stdin], [], [], HEALTH_INTERVAL_S)[0]:
        asked = time.monotonic()
        waited = float("inf")
        try:
            if connection is None:
                connection = socket.create_connection((host, port), timeout=HEALTH_TIMEOUT_S)
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
    """Memory of the process tree in bytes; shared pages count once."""

    before: int = 0
    peak: int = 0
    after: int = 0


def tree(pid: int | None) -> set[int]:
    """Returns the ids of the processes in a tree; none if its root has ended."""
    if pid is None:
        return set()
    with suppress(psutil.Error):
        return {pid, *(each.pid for each in psutil.Process(pid).children(recursive=True))}
    return set()


@asynccontextmanager
async def watched_memory(pid: int | None) -> AsyncIterator[Memory]:
    """Watches the memory of a process tree inside the context; does nothing if ``pid`` is None."""
    memory = Memory()
    if pid is None:
        yield memory
        return

    async def watch() -> None:
        while True:
            await asyncio.sleep(MEMORY_INTERVAL_S)
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
    """The part of a server's log that is written after the creation of this object.

    Args:
        path: The file; None if there is none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._start = path.stat().st_size if path else 0

    def alarms(self) -> list[str]:
        """Returns the lines that indicate an internal error, with up to 40 lines after them."""
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
                elif any(sign in line for sign in _ALARM_MARKS):
                    found.append(line.decode(errors="replace"))
                    more = 40 if len(found) <= 5 else 0
        return found


if __name__ == "__main__":
    _poll(sys.argv[1], int(sys.argv[2]))
