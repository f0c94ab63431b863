"""The load generator: a process that sends requests and times the answers.

    python -m scripts.benchmarking.load_generator < plan.json

It reads a ``Plan`` and prints an ``Outcome``, both as JSON. Connections are kept alive; uvloop and
httptools keep its own CPU time far below a server's, and it reports that time.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import httptools
import uvloop

CONNECTION_LIMIT = 512
DRAIN_S = 30.0


@dataclass(frozen=True)
class Plan:
    """The load to generate.

    Attributes:
        port: Port on 127.0.0.1.
        path: Path of the requests.
        bodies: JSON bodies, sent in turn.
        seconds: Duration in which requests are started.
        concurrency: Closed loop: callers that send the next request on an answer; 0 for open loop.
        rate: Open loop: requests per second, with exponential intervals (a Poisson process).
        seed: Random seed of the intervals.
        status: The expected status of an answer.
    """

    port: int
    path: str
    bodies: Sequence[str]
    seconds: float
    concurrency: int = 0
    rate: float = 0.0
    seed: int = 0
    status: int = 200


@dataclass
class Outcome:
    """The result of a plan.

    Attributes:
        latencies_ms: Latencies of answers with the expected status. Closed loop: from the request's
            first byte to the answer's last. Open loop: from the moment when the request was due, so
            that a request that a slow server delays counts that delay.
        errors: Number of other answers and broken connections, by kind.
        seconds: From the first request to the last answer.
        cpu_s: CPU seconds of this process meanwhile.
        late_ms: Open loop: 99th percentile of the delay in sending caused by this process.
        server_timing: Sums of the ``Server-Timing`` headers, milliseconds by name.
    """

    latencies_ms: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_s: float = 0.0
    late_ms: float = 0.0
    server_timing: dict[str, float] = field(default_factory=dict)


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[int] | None = None
        self.timing = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        # uvloop's transport has this interface, but is no subclass.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._transport = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("closed"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        if name.lower() == b"server-timing":
            self.timing = value

    def on_message_complete(self) -> None:
        """Called by the parser."""
        status = self._parser.get_status_code()
        keep_alive = self._parser.should_keep_alive()
        self._parser = httptools.HttpResponseParser(self)
        if not keep_alive:
            self.close()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(status)

    @property
    def is_open(self) -> bool:
        """Whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def request(self, message: bytes) -> int:
        """Sends a request and returns the status of the answer, once it is complete."""
        if self._transport is None:
            raise ConnectionError("closed")
        self.timing = b""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return await self._answered

    def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            self._transport.close()


class Generator:
    """Runs one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._messages = [_message(plan, body) for body in plan.bodies]
        self._sent = 0
        self._outcome = Outcome()
        self._errors: Counter[str] = Counter()
        self._timing: defaultdict[str, float] = defaultdict(float)
        self._lateness: list[float] = []
        self._idle: list[Connection] = []

    async def run(self) -> Outcome:
        """Returns the outcome of the plan."""
        start, cpu = time.perf_counter(), time.process_time()
        await (self._closed(start) if self._plan.concurrency else self._open(start))
        outcome = self._outcome
        outcome.seconds = time.perf_counter() - start
        outcome.cpu_s = time.process_time() - cpu
        outcome.errors = dict(self._errors)
        outcome.server_timing = dict(self._timing)
        if self._lateness:
            outcome.late_ms = sorted(self._lateness)[int(len(self._lateness) * 0.99)] * 1000
        for connection in self._idle:
            connection.close()
        return outcome

    async def _closed(self, start: float) -> None:
        end = start + self._plan.seconds

        async def caller() -> None:
            while (now := time.perf_counter()) < end:
                await self._one(now)

        await asyncio.gather(*(caller() for _ in range(self._plan.concurrency)))

    async def _open(self, start: float) -> None:
        generator = random.Random(self._plan.seed)
        places = asyncio.Semaphore(CONNECTION_LIMIT)
        tasks = set()
        due = start
        while (due := due + generator.expovariate(self._plan.rate)) < start + self._plan.seconds:
            await asyncio.sleep(due - time.perf_counter())
            self._lateness.append(time.perf_counter() - due)
            tasks.add(asyncio.create_task(self._one(due, places)))
        if tasks:
            _, pending = await asyncio.wait(tasks, timeout=DRAIN_S)
            self._errors["unanswered"] += len(pending)
            for task in pending:
                task.cancel()

    async def _one(self, since: float, places: asyncio.Semaphore | None = None) -> None:
        """Sends the next request; its latency is measured from ``since``."""
        message = self._messages[self._sent % len(self._messages)]
        self._sent += 1
        if places is not None:
            async with places:
                await self._send(message, since)
        else:
            await self._send(message, since)

    async def _send(self, message: bytes, since: float) -> None:
        try:
            connection = await self._connection()
            status = await connection.request(message)
        except OSError as error:
            self._errors[type(error).__name__] += 1
            await asyncio.sleep(0.01)
            return
        latency = time.perf_counter() - since
        if status == self._plan.status:
            self._outcome.latencies_ms.append(latency * 1000)
            for name, value in _durations(connection.timing):
                self._timing[name] += value
        else:
            self._errors[f"status {status}"] += 1
        if connection.is_open:
            self._idle.append(connection)

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        make: Callable[[], Connection] = Connection
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(make, "127.0.0.1", self._plan.port)
        return made


def _message(plan: Plan, body: str) -> bytes:
    encoded = body.encode()
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(encoded)}\r\n\r\n"
    )
    return head.encode() + encoded


def _durations(header: bytes) -> list[tuple[str, float]]:
    """Returns names and milliseconds of a ``Server-Timing`` header."""
    found: list[tuple[str, float]] = []
    for entry in header.decode("latin-1").split(","):
        name, _, duration = entry.partition(";dur=")
        if duration:
            found.append((name.strip(), float(duration)))
    return found


def main() -> None:
    """Reads a plan, runs it, prints the outcome."""
    values: dict[str, Any] = json.load(sys.stdin)
    outcome = uvloop.run(Generator(Plan(**values)).run())
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
