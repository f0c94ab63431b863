"""Memory has a ceiling: whatever callers send, a server stays within the limit of its pod."""

from __future__ import annotations

import http.client
import json
import os
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass

import psutil
import pytest
from hostile import ATTACKS, answer_of, body_of, check_alive, connect, send
from memory_cgroups import memory_cgroup, peak_memory
from server_process import Server, running_server

from scripts.process_memory import PeakMemory

pytestmark = pytest.mark.slow

MIB = 2**20
LIMITS = {"serve": 2048 * MIB, "lexicon": 256 * MIB}
"""Those of the pods: deploy/kubernetes."""

CALLERS = 16
TURNS = 3
"""How many of the worst a caller sends, one after the other; each caller begins with another."""

WORST = (
    "escaped-emoji-of-6-mb",
    "hangul-of-500k-characters",
    "ids-of-130k",
    "decisions-300-questions-of-255-choices",
    "keys-of-120k",
    "single-letters-of-500-kb",
    "jamo-of-500-kb",
    "words-of-160-kb",
    "quotation-marks-of-100k-characters",
)
"""Attacks whose bodies are within every limit."""

UPLOADS = 100
HEADS = 1500
HEAD_TIMEOUT_S, BODY_TIMEOUT_S = 3, 6


@dataclass
class Confined:
    """A server under the memory limit of its pod, and the most memory that was seen of it."""

    server: Server
    limit: int
    memory: PeakMemory

    @property
    def peak(self) -> int:
        return self.memory.bytes


@pytest.fixture(scope="module", params=LIMITS)
def confined(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Confined]:
    directory = tmp_path_factory.mktemp("confined")
    limit = LIMITS[request.param]
    flags = ("--head-timeout-s", str(HEAD_TIMEOUT_S), "--body-timeout-s", str(BODY_TIMEOUT_S))
    with ExitStack() as stack:
        name = f"sentiment-{request.param}-{os.getpid()}"
        cgroup = stack.enter_context(memory_cgroup(name, limit))
        server = stack.enter_context(
            running_server(directory, *flags, command=request.param, cgroup=cgroup)
        )
        memory = stack.enter_context(PeakMemory(server.process.pid))
        yield Confined(server, limit, memory)
        by_kernel = (peak_memory(cgroup) or 0) / MIB
        print(f"{request.param}: {memory.bytes / MIB:.0f} MiB, with pages of files {by_kernel:.0f}")
        assert memory.bytes < limit


def test_sixteen_callers_with_the_worst_that_is_accepted(confined: Confined) -> None:
    by_name = {path.stem: path for path in ATTACKS}
    attacks = [tomllib.loads(by_name[name].read_text("utf-8")) for name in WORST]
    bodies = [(attack, body_of(attack)) for attack in attacks]
    port = int(confined.server.url.rpartition(":")[2])

    def call(number: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        for turn in range(TURNS):
            attack, body = bodies[(turn + number) % len(bodies)]
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
                # Refused before it is read to the end, perhaps.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.request("POST", attack["path"], body, attack["headers"])
                with suppress(ConnectionResetError):
                    answer = connection.getresponse()
                    answer.read()
                    statuses[answer.status] += 1
        return statuses

    with ThreadPoolExecutor(CALLERS) as pool:
        statuses = sum(pool.map(call, range(CALLERS)), Counter[int]())
    print(dict(statuses))
    assert set(statuses) <= {200, 429, 503}
    assert statuses[200] > 0
    check_alive(confined.server)
    assert confined.peak < confined.limit


def test_every_attack_in_turn(confined: Confined) -> None:
    for path in ATTACKS:
        send(confined.server, tomllib.loads(path.read_text(encoding="utf-8")))
    check_alive(confined.server)
    assert confined.peak < confined.limit


def test_uploads_that_lack_their_last_bytes(confined: Confined) -> None:
    before = confined.peak
    body = b'{"input": "' + b"a" * (8 * MIB - 100)
    head = f"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body) + 2}\r\n\r\n"

    def upload(_: int) -> bytes:
        with closing(connect(confined.server)) as stream:
            stream.settimeout(60)
            with suppress(ConnectionError):
                stream.sendall(head.encode())
                stream.sendall(body)
            return answer_of(stream)

    with ThreadPoolExecutor(UPLOADS) as pool:
        start = time.monotonic()
        uploads = [pool.submit(upload, number) for number in range(UPLOADS)]
        while not all(each.done() for each in uploads):
            check_alive(confined.server)
            time.sleep(0.2)
        assert time.monotonic() - start < 60
    statuses = Counter(each.result()[9:12] for each in uploads)
    print(dict(statuses), f"{(confined.peak - before) / MIB:.0f} MiB more")
    assert set(statuses) <= {b"408", b"429", b""}
    assert statuses[b"429"] > statuses[b"408"]
    assert confined.peak < confined.limit


def test_heads_that_do_not_end(confined: Confined) -> None:
    with ExitStack() as stack:
        streams = []
        for _ in range(HEADS):
            stream = stack.enter_context(closing(connect(confined.server)))
            with suppress(ConnectionError):
                stream.sendall(b"POST /classify HTTP/1.1\r\nHost: ")
            streams.append(stream)
        check_alive(confined.server)
        for stream in streams:
            stream.settimeout(30)
            assert answer_of(stream)[9:12] in (b"408", b"")
    deadline = time.monotonic() + 30
    port = int(confined.server.url.rpartition(":")[2])
    while open_connections(confined.server, port) > 5:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def open_connections(server: Server, port: int) -> int:
    connections = psutil.Process(server.process.pid).net_connections("tcp")
    return sum(
        each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in connections
    )


def test_requests_in_small_pieces_are_read(confined: Confined) -> None:
    body = json.dumps({"input": "a good film " * 2000}).encode()
    with closing(connect(confined.server)) as stream:
        head = f"POST /v1/lexicon/classify HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n"
        stream.sendall(f"{head}Connection: close\r\n\r\n".encode())
        for start in range(0, len(body), 1000):
            stream.sendall(body[start : start + 1000])
        assert answer_of(stream)[9:12] == b"200"
