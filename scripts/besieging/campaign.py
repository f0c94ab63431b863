"""Run of a campaign: connections that send blocks of requests until a number or time is reached."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from scripts.besieging.generator import BLOCK, Generator
from scripts.besieging.good import GOOD_REQUESTS, GoodRequest, data_of
from scripts.besieging.oracle import judge
from scripts.besieging.report import NO_RESPONSE, NOT_AWAITED, Failure, Report, Tally
from scripts.besieging.request import NOT_AWAITED_DELIVERIES, Delivery, Request
from scripts.besieging.transport import Connection, Exchange, exchange, pipeline
from scripts.besieging.watch import Log, tree, watched_health, watched_memory

GOOD_EVERY = 100
_RETRY_STATUSES = frozenset({429, 503})
_RETRY_DELAY_S = 0.2
_PROGRESS_S = 10.0
_SETTLE_S = 3.0


@dataclass(frozen=True)
class Plan:
    """Parameters of a campaign.

    Attributes:
        port: Port of the server.
        pid: Id of its process, whose tree's memory is watched; None for no watch.
        log: File of its log; None if there is none.
        seed: Seed of the requests.
        requests: Maximum number of requests.
        seconds: Maximum duration.
        connections: Number of connections that send at the same time.
        timeout_s: Maximum seconds until a response.
        heavy_timeout_s: The same for large requests, which take long to compute.
        growth_mb: Maximum growth of the memory, in MB.
        host: Address of the server.
    """

    port: int
    pid: int | None = None
    log: Path | None = None
    seed: int = 1
    requests: int = 1_000_000
    seconds: float = 3600
    connections: int = 12
    timeout_s: float = 10
    heavy_timeout_s: float = 75
    growth_mb: float = 400
    host: str = "127.0.0.1"


class ServerGoneError(Exception):
    """The server does not accept connections."""


def run(plan: Plan, *, interruptible: bool = False) -> Report:
    """Runs a campaign.

    Args:
        plan: Parameters of the campaign.
        interruptible: SIGINT ends the campaign early, with a report of its findings so far.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        campaign = Campaign(plan)
        if interruptible:
            runner.get_loop().add_signal_handler(signal.SIGINT, campaign.stop)
        return runner.run(campaign.run())


class Campaign:
    """A run of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._generator = Generator(plan.seed)
        self._tally = Tally()
        self._good_requests = itertools.cycle(GOOD_REQUESTS)
        self._expected: dict[str, str] = {}
        self._opened: list[Connection] = []
        self._sent = 0
        self._stopped = False

    def stop(self) -> None:
        """Ends the campaign after the blocks in progress."""
        self._stopped = True

    async def run(self) -> Report:
        """Sends all requests and returns the report."""
        plan, tally = self._plan, self._tally
        log = Log(plan.log)
        processes = tree(plan.pid)
        await self._record()
        start = time.monotonic()
        with watched_health(plan.host, plan.port) as health:
            async with watched_memory(plan.pid) as memory:
                blocks = iter(range((plan.requests + BLOCK - 1) // BLOCK))
                progress = asyncio.create_task(self._progress(start))
                try:
                    async with asyncio.TaskGroup() as group:
                        for _ in range(plan.connections):
                            group.create_task(self._send(blocks, start + plan.seconds))
                except* ServerGoneError as gone:
                    tally.fail(Failure(-1, f"the server is gone: {gone.exceptions[0]}"))
                finally:
                    progress.cancel()
                seconds = time.monotonic() - start
                self._close()
                # Requests whose client has disconnected may still be computed, and their memory
                # must not count as growth.
                await asyncio.sleep(0.01 if plan.pid is None else _SETTLE_S)
        growth = (memory.after - memory.before) / 1e6
        if growth > plan.growth_mb:
            tally.fail(Failure(-1, f"{growth:.0f} MB more than before"))
        if ended := processes - tree(plan.pid):
            tally.fail(Failure(-1, f"processes of the server that have ended: {sorted(ended)}"))
        for alarm in log.alarms():
            tally.fail(Failure(-1, f"in the log: {alarm}"))
        return Report.of(plan.seed, self._sent, seconds, tally, health, memory)

    async def _record(self) -> None:
        connection = await self._open()
        for good in GOOD_REQUESTS:
            connection, data = await self._data(connection, good, 0)
            self._expected[good.name] = data or ""
        connection.close()

    async def _progress(self, start: float) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            rate = self._sent / (time.monotonic() - start)
            line = f"{self._sent} requests, {rate:.0f} a second, {self._tally.failed} failures"
            print(line, file=sys.stderr, flush=True)

    async def _send(self, blocks: Iterator[int], until: float) -> None:
        connection = await self._open()
        for block in blocks:
            if self._stopped or time.monotonic() > until:
                break
            first = block * BLOCK
            numbers = range(first, min(first + BLOCK, self._plan.requests))
            requests = [self._generator.request(number) for number in numbers]
            connection = await self._send_block(connection, block, requests)
            if (first + BLOCK) % GOOD_EVERY == 0:
                connection = await self._check_good(connection, first + BLOCK - 1)
        connection.close()

    async def _send_block(
        self, connection: Connection, block: int, requests: list[Request]
    ) -> Connection:
        pipelined = self._generator.pipelined(block)
        kept = [each for each in requests if each.delivery is Delivery.KEPT]
        for request in requests:
            if request.delivery is not Delivery.KEPT:
                await self._send_alone(request)
            elif not pipelined:
                connection = await self._send_kept(connection, [request])
        if pipelined:
            connection = await self._send_kept(connection, kept)
        return connection

    async def _send_kept(self, connection: Connection, requests: list[Request]) -> Connection:
        """Sends requests on a kept connection, and unanswered ones again on new connections.

        Returns:
            The connection for the next requests.
        """
        alone = False
        while requests:
            if connection.ended or alone:
                connection.close()
                connection = await self._open()
            found = await pipeline(connection, requests, self._timeout_s(requests))
            answered = 0
            for request, each in zip(requests, found, strict=False):
                if each.ended is not None and not each.ended.partial and not alone:
                    break  # closed between two requests, which is allowed
                self._count(request, each)
                answered += 1
            requests = requests[answered:]
            # The first request left is sent alone, so that its result does not depend on others.
            alone = bool(requests) and answered == 0
            self._tally.sent_again += len(requests)
            if requests or any(not each.answers or each.answers[0].head.closes for each in found):
                connection.close()
                connection = await self._open()
        return connection

    async def _send_alone(self, request: Request) -> None:
        connection = await self._open()
        found = await exchange(connection, request, self._timeout_s([request]))
        self._count(request, found)
        connection.close()

    def _timeout_s(self, requests: list[Request]) -> float:
        heavy = any(request.heavy for request in requests)
        return self._plan.heavy_timeout_s if heavy else self._plan.timeout_s

    def _count(self, request: Request, found: Exchange) -> None:
        tally = self._tally
        self._sent += 1
        tally.bytes_sent += len(request.head) + len(request.body)
        tally.waits.add(request.number, found.sent, found.finished - found.sent)
        counts = tally.statuses.setdefault(request.kind, Counter())
        for answer in found.answers:
            counts[str(answer.status)] += 1
        if not found.answers:
            counts[NOT_AWAITED if request.delivery in NOT_AWAITED_DELIVERIES else NO_RESPONSE] += 1
        wrong = judge(request, found)
        if wrong is not None:
            tally.fail(Failure(request.number, wrong, request.shown()))

    async def _check_good(self, connection: Connection, number: int) -> Connection:
        good = next(self._good_requests)
        connection, data = await self._data(connection, good, number)
        expected = self._expected[good.name]
        if data == expected:
            self._tally.good[good.name] += 1
        elif data is not None:
            what = f"a good request ({good.name}) was answered {data}, and at first {expected}"
            self._tally.fail(Failure(number, what, good.request(number).shown()))
        return connection

    async def _data(
        self, connection: Connection, good: GoodRequest, number: int
    ) -> tuple[Connection, str | None]:
        """Returns the data of the response to a good request; None after a failure."""
        request = good.request(number)
        timeout_s = self._plan.heavy_timeout_s
        until = time.monotonic() + timeout_s
        while True:
            if connection.ended:
                connection = await self._open()
            found = await exchange(connection, request, timeout_s)
            if found.ended is not None and not found.ended.partial and time.monotonic() < until:
                await asyncio.sleep(_RETRY_DELAY_S)
                continue
            answer = found.answers[0] if found.answers else None
            if answer and answer.status in _RETRY_STATUSES and time.monotonic() < until:
                self._tally.busy += 1
                await asyncio.sleep(_RETRY_DELAY_S)
                continue
            try:
                if answer is not None:
                    return connection, data_of(answer)
                what = judge(request, found) or "no answer"
            except ValueError as error:
                what = f"{error}: {answer and answer.shown()}"
            self._tally.fail(Failure(number, f"a good request: {what}", request.shown()))
            connection.close()
            return await self._open(), None

    async def _open(self) -> Connection:
        for _ in range(5):
            try:
                async with asyncio.timeout(self._plan.timeout_s):
                    connection = await Connection.open(self._plan.host, self._plan.port)
                self._opened = [each for each in self._opened if not each.ended]
                self._opened.append(connection)
                return connection
            except OSError as error:  # including TimeoutError
                last = error
                await asyncio.sleep(0.2)
        raise ServerGoneError(str(last) or "no connection")

    def _close(self) -> None:
        """Closes the connections of interrupted tasks."""
        for connection in self._opened:
            connection.close()
