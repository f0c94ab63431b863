"""Supervision of a server: one child process after the other, until one ends in order.

A plan says what is started, and what follows a failure. A child fails where it ends by itself, does
not say in time that its model is loaded, or does not answer ``/ready`` any more. SIGTERM and SIGINT
are passed on, once, and end the supervisor with the child; a second one kills it. Children have a
process group each, and nothing of a group is left when its child has ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from distilbert_sentiment_arch.child_environment import python_command
from distilbert_sentiment_arch.cli.ready_check import Address, is_ready
from distilbert_sentiment_arch.errors import PortInUse
from distilbert_sentiment_arch.process_group import signal_group
from distilbert_sentiment_arch.serving.ports import check_ports
from distilbert_sentiment_arch.settings.defaults import PACKAGE
from distilbert_sentiment_arch.settings.supervisor import GO_ON, Supervised

POLL_S = 5.0
"""Seconds between two looks at ``/ready`` of a server that is watched."""

HANDOVER_S = 35.0
"""Most seconds in which a stand-in gives the port up."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Step:
    """A child process that serves.

    Attributes:
        name: What it is called in messages.
        command: Its command line.
        environment: All of its environment variables.
        tells: It says over its socket when its model is loaded; if not, it serves once it runs.
        start_limit_s: Seconds within which it has to say so; None for no limit.
        unready_limit_s: Seconds for which ``/ready`` may not answer 200; None for not watched.
        delay_s: Seconds to wait before it is started.
        stand_in: What answers at the same address until this one can, from now on; it does not
            tell.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    tells: bool = True
    start_limit_s: float | None = None
    unready_limit_s: float | None = None
    delay_s: float = 0.0
    stand_in: Step | None = None


@dataclass(frozen=True)
class Failure:
    """The end of a step that nobody asked for.

    Attributes:
        step: The step.
        phase: ``start`` until its model was loaded, then ``service``.
        reason: What happened; a clause without its subject.
        status: Exit status for the supervisor, from 1.
        address: Where it served; None if it did not come to that, or did not say so.
        seconds: How long it was in service.
    """

    step: Step
    phase: Literal["start", "service"]
    reason: str
    status: int
    address: Address | None = None
    seconds: float = 0.0


class Plan(Protocol):
    """What is started, and what follows a failure."""

    def first(self) -> Step:
        """Returns the first step."""

    def after(self, failure: Failure) -> Step | None:
        """Returns what follows a failure; None for the end."""


def supervise(plan: Plan, poll_s: float = POLL_S) -> int:
    """Runs the steps of a plan until one ends in order or the plan has no further step.

    Args:
        plan: The plan.
        poll_s: Seconds between two looks at a server that is watched.

    Returns:
        0 after SIGTERM, or where a child ended with 0; 130 after SIGINT; else the status of the
        last failure.
    """
    return asyncio.run(_Supervisor(plan, poll_s).run())


@dataclass
class _Supervisor:
    plan: Plan
    poll_s: float
    signalled: list[signal.Signals] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for each in _SIGNALS:
            loop.add_signal_handler(each, self._end, each)
        step: Step | None = self.plan.first()
        status = 0
        while step is not None:
            ended = await self._attempt(step)
            if self.signalled:
                return 130 if self.signalled[0] == signal.SIGINT else 0
            if ended is None:
                return 0
            status = ended.status
            step = self.plan.after(ended)
        return status

    def _end(self, received: signal.Signals) -> None:
        """Passes the first signal on to all children, as SIGTERM, and kills them at the second."""
        self.signalled.append(received)
        self.stop.set()
        for child in self.running:
            if len(self.signalled) == 1:
                with suppress(ProcessLookupError):
                    child.terminate()
            else:
                signal_group(child.pid)

    async def _attempt(self, step: Step) -> Failure | None:
        """Runs a step to its end; None where it ended in order."""
        stand_in = await self._start(step.stand_in) if step.stand_in else None
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(step.delay_s):
                    await self.stop.wait()
            return None if self.stop.is_set() else await self._run_step(step, stand_in)
        finally:
            if stand_in is not None:
                await self._swept(stand_in)

    async def _run_step(
        self, step: Step, stand_in: asyncio.subprocess.Process | None
    ) -> Failure | None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            told = Supervised(os.getpid(), theirs.fileno(), stand_in is not None)
            child = await self._start(step, told)
            theirs.close()
            try:
                return await self._watched(step, child, ours, stand_in)
            finally:
                await self._swept(child)

    async def _watched(
        self,
        step: Step,
        child: asyncio.subprocess.Process,
        connection: socket.socket,
        stand_in: asyncio.subprocess.Process | None,
    ) -> Failure | None:
        loop = asyncio.get_running_loop()
        ended = asyncio.create_task(child.wait())
        address = None
        if step.tells:
            address = await self._loaded(step, ended, connection)
            if address is None:
                if ended.done() or self.stop.is_set():
                    return _failure(step, "start", await ended)
                signal_group(child.pid)
                await ended
                reason = f"did not load its model within {step.start_limit_s:g} seconds"
                return Failure(step, "start", reason, 1)
            if stand_in is not None:
                await self._given_up(stand_in, address)
            with suppress(OSError):
                await loop.sock_sendall(connection, GO_ON)
        start = loop.time()
        if address is None or step.unready_limit_s is None:
            return _failure(step, "service", await ended, address, loop.time() - start)
        unready = asyncio.create_task(self._unready(address, step.unready_limit_s))
        await _first(ended, unready)
        if ended.done() or self.stop.is_set():
            await _cancelled(unready)
            return _failure(step, "service", await ended, address, loop.time() - start)
        signal_group(child.pid)
        await ended
        reason = f"was not ready for {step.unready_limit_s:g} seconds"
        return Failure(step, "service", reason, 1, address, loop.time() - start)

    async def _loaded(
        self, step: Step, ended: asyncio.Task[int], connection: socket.socket
    ) -> Address | None:
        """Waits until a child has loaded its model, and returns where it is about to serve.

        None where the child has ended, or has said nothing for as long as it may take.
        """
        told = asyncio.create_task(_told_address(connection))
        await _first(ended, told, limit_s=step.start_limit_s)
        if not told.done():
            await _cancelled(told)
            return None
        address = told.result()
        if address is None:  # the socket closes when a child ends, just before it has ended
            await _first(ended, limit_s=step.start_limit_s)
        return address

    async def _start(
        self, step: Step, told: Supervised | None = None
    ) -> asyncio.subprocess.Process:
        tied = [*python_command(f"{PACKAGE.name}.cli.tied_child"), str(os.getpid())]
        child = await asyncio.create_subprocess_exec(
            *tied,
            *step.command,
            env={**step.environment, **(told.as_variable() if told else {})},
            pass_fds=(told.socket,) if told else (),
            start_new_session=True,
        )
        self.running.append(child)
        if self.stop.is_set():  # the signal came while it was started
            child.terminate()
        return child

    async def _swept(self, child: asyncio.subprocess.Process) -> None:
        """Ends what is left of a child's process group, and waits for the child."""
        signal_group(child.pid)
        await child.wait()
        signal_group(child.pid)
        self.running.remove(child)

    async def _given_up(self, stand_in: asyncio.subprocess.Process, address: Address) -> None:
        """Has the stand-in answer what it has read, and waits until the port is free."""
        with suppress(ProcessLookupError):
            stand_in.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(HANDOVER_S):
                # A port tells nobody that it is free.
                while stand_in.returncode is None and not _is_free(address):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    async def _unready(self, address: Address, limit_s: float) -> None:
        """Returns once a server has not been ready for this long."""
        loop = asyncio.get_running_loop()
        ready = loop.time()
        while loop.time() - ready <= limit_s:
            await asyncio.sleep(self.poll_s)
            if await is_ready(address):
                ready = loop.time()


async def _first(*tasks: asyncio.Task[Any], limit_s: float | None = None) -> None:
    await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _told_address(connection: socket.socket) -> Address | None:
    """Returns where a child is about to serve; None where it closed the connection before."""
    loop = asyncio.get_running_loop()
    line = b""
    while not line.endswith(b"\n"):
        with suppress(ConnectionError):
            if received := await loop.sock_recv(connection, 4096):
                line += received
                continue
        return None
    told = json.loads(line)
    return Address(str(told["host"]), int(told["port"]))


def _failure(
    step: Step,
    phase: Literal["start", "service"],
    returncode: int,
    address: Address | None = None,
    seconds: float = 0.0,
) -> Failure | None:
    """Returns what an exit status says; None for that of an orderly end."""
    if returncode == 0:
        return None
    if returncode > 0:
        reason, status = f"ended with status {returncode}", returncode
    else:
        reason, status = f"was ended by {_name_of(-returncode)}", 128 - returncode
    return Failure(step, phase, reason, status, address, seconds)


def _name_of(number: int) -> str:
    return next((each.name for each in signal.Signals if each == number), f"signal {number}")


def _is_free(address: Address) -> bool:
    try:
        check_ports(address.host, {"": address.port})
    except PortInUse:
        return False
    return True
