"""Long work in a process of its own, which ends when the call that asked for it is cancelled."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import anyio

from distilbert_sentiment_arch.child_environment import python_command, python_environment
from distilbert_sentiment_arch.errors import DeadlineExceeded, InputError, Unavailable
from distilbert_sentiment_arch.mcp_server.process_tree import kill_descendants
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.process_group import signal_group

logger = logging.getLogger("max.serve.sentiment")

MODULE = f"{__package__}.job"
"""What the process runs."""

GRACE_S = 10.0
"""Seconds after SIGTERM in which a process ends by itself with all that it started; see ``job``."""

LONGEST_LINE = 64 * 1024 * 1024
"""Most bytes of a result."""


class NoResult(Unavailable):
    """The reason that a job gave for having no result; its message is that of the exception."""


class Jobs:
    """Starts jobs; those that measure take turns, because each would slow the others down."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._running: set[Process] = set()
        self._stopped = False

    def stop(self) -> None:
        """Asks every job to end with what it has, and starts no further one."""
        self._stopped = True
        for process in self._running:
            signal_group(process.pid, signal.SIGTERM)

    async def measure(
        self, name: str, request: Mapping[str, Any], report: Report, timeout_s: float
    ) -> Any:
        """Runs a job that measures, see ``run``, once no other one does."""
        if self._turn.locked():
            await report(0.0, None, "Another measurement is running; this one is next.")
        async with self._turn:
            return await self.run(name, request, report, timeout_s)

    async def run(
        self, name: str, request: Mapping[str, Any], report: Report, timeout_s: float
    ) -> Any:
        """Runs a job to its end.

        Args:
            name: A module of ``jobs``.
            request: What it is asked; a JSON object.
            report: Receives its progress.
            timeout_s: Seconds it may take.

        Returns:
            Its result.

        Raises:
            InputError: What it is asked makes no sense.
            NoResult: It says why it has none.
            DeadlineExceeded: It took too long.
            Unavailable: Its process ended without a word, or the server ends.
        """
        if self._stopped:
            raise Unavailable("The server shuts down.")
        process = await asyncio.create_subprocess_exec(
            *python_command(MODULE),
            name,
            stdin=PIPE,
            stdout=PIPE,
            limit=LONGEST_LINE,
            # A group of its own: whatever it starts ends with it.
            start_new_session=True,
            env=python_environment(),
        )
        self._running.add(process)
        try:
            if self._stopped:  # while it started
                raise Unavailable("The server shuts down.")
            async with asyncio.timeout(timeout_s):
                return await _result(process, request, report)
        except TimeoutError:
            raise DeadlineExceeded(timeout_s) from None
        finally:
            with anyio.CancelScope(shield=True):
                await _end(process)
            self._running.discard(process)


async def _result(process: Process, request: Mapping[str, Any], report: Report) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(ConnectionError):  # it ended at once; its output ends, too
        # Its input stays open: the process ends when this one does, however that comes.
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await process.stdin.drain()
    while line := await process.stdout.readline():
        match json.loads(line):
            case {"progress": progress, "total": total, "message": message}:
                await report(progress, total, message)
            case {"result": result}:
                return result
            case {"error": str(message), "of_input": of_input}:
                raise InputError(message) if of_input else NoResult(message)
    status = await process.wait()
    logger.error("the process of a tool ended with status %d and without a result", status)
    raise Unavailable(
        f"The process of the tool ended with status {status} and without a result. The log of the "
        "server has the details."
    )


async def _end(process: Process) -> None:
    """Ends a process and all that it started."""
    signal_group(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    if process.returncode is None:
        kill_descendants(process.pid)
    signal_group(process.pid, signal.SIGKILL)
    await process.wait()
    if process.stdin is not None:
        process.stdin.close()
