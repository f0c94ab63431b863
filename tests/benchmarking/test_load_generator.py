"""The load generator, run against a local server of known latency."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from scripts.benchmarking.load import run_load
from scripts.benchmarking.load_generator import Outcome, Plan

DELAY_S = 0.02


@dataclass
class DelayServer:
    """Answers after a delay; fails every ``fail_every``th request; stalls once."""

    delay_s: float = DELAY_S
    fail_every: int = 0
    stall_s: float = 0.0
    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    stalled_until: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                await self.answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, writer: asyncio.StreamWriter) -> None:
        number = len(self.bodies)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        now = asyncio.get_running_loop().time()
        if self.stall_s and number == 20:
            self.stalled_until = now + self.stall_s
        await asyncio.sleep(max(self.delay_s, self.stalled_until - now))
        self.at_once -= 1
        failed = self.fail_every and number % self.fail_every == 0
        status = b"503 Service Unavailable" if failed else b"200 OK"
        body = b'{"label":"POSITIVE"}'
        writer.write(
            b"HTTP/1.1 %s\r\nServer-Timing: tokenize;dur=1.5, compute;dur=4.0\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (status, len(body), body)
        )


@contextmanager
def serving(server: DelayServer) -> Iterator[DelayServer]:
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(server.serve, "127.0.0.1", 0)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listener = asyncio.run_coroutine_threadsafe(start(), loop).result(5)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:

        async def end() -> None:
            listener.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def send(server: DelayServer, **load: float) -> Outcome:
    plan = Plan(server.port, "/classify", ['{"n": 1}', '{"n": 2}'], **load)  # type: ignore[arg-type]
    return run_load(plan)


def test_closed_loop_measures_the_latency_and_keeps_its_connections() -> None:
    with serving(DelayServer()) as server:
        outcome = send(server, seconds=1.0, concurrency=4)
    assert outcome.errors == {}
    latencies = np.array(outcome.latencies_ms)
    assert latencies.min() >= DELAY_S * 1000
    assert np.median(latencies) < DELAY_S * 1000 + 15
    assert server.connections == server.most_at_once == 4
    assert len(latencies) == len(server.bodies) <= 4 * (1.0 / DELAY_S + 1)
    assert {bytes(body) for body in server.bodies} == {b'{"n": 1}', b'{"n": 2}'}
    assert outcome.server_timing == {
        "tokenize": 1.5 * len(latencies),
        "compute": 4.0 * len(latencies),
    }


def test_open_loop_sends_at_its_rate_however_slow_the_server_is() -> None:
    with serving(DelayServer(delay_s=0.3)) as server:
        outcome = send(server, seconds=2.0, rate=60.0, seed=3)
    # Poisson: 120 expected, standard deviation 11.
    assert 75 <= len(server.bodies) <= 165
    assert len(outcome.latencies_ms) == len(server.bodies)
    assert server.most_at_once > 8
    assert outcome.late_ms < 100


def test_open_loop_counts_a_stall_in_all_requests_due_meanwhile() -> None:
    with serving(DelayServer(delay_s=0.001, stall_s=0.8)) as server:
        opened = send(server, seconds=2.0, rate=50.0, seed=5)
    with serving(DelayServer(delay_s=0.001, stall_s=0.8)) as server:
        closed = send(server, seconds=2.0, concurrency=1)
    assert np.mean(np.array(opened.latencies_ms) > 100) > 0.2
    assert np.mean(np.array(closed.latencies_ms) > 100) < 0.05


def test_other_answers_are_errors_by_status() -> None:
    with serving(DelayServer(delay_s=0.005, fail_every=5)) as server:
        outcome = send(server, seconds=0.5, concurrency=2)
    failed = outcome.errors.pop("status 503")
    assert outcome.errors == {}
    assert failed == len(server.bodies) // 5
    assert len(outcome.latencies_ms) == len(server.bodies) - failed


def test_a_missing_server_is_an_error_not_a_crash() -> None:
    with serving(DelayServer()) as server:
        pass
    outcome = send(server, seconds=0.1, concurrency=1)
    assert outcome.latencies_ms == []
    assert outcome.errors["ConnectionRefusedError"] > 0


def test_its_own_processor_time_is_small_and_reported() -> None:
    with serving(DelayServer(delay_s=0.0)) as server:
        outcome = send(server, seconds=1.0, concurrency=1)
    assert 0 < outcome.cpu_s / len(outcome.latencies_ms) < 0.001
