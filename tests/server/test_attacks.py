"""Requests that once broke something or could (tests/attacks): each is survived, at once.

A file says what is sent, why, and which statuses are an answer; none means that the connection is
cut before there could be one. ``lexicon_status`` is where word lists have another answer. Beside
each, /health answers as if nothing were; after each, a good request is answered correctly by the
same process.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hostile import ANSWER_WITHIN_S, ATTACKS, check_alive, send
from server_process import Server

pytestmark = pytest.mark.slow

HEALTH_WITHIN_S = 0.25


@contextmanager
def watched(server: Server) -> Iterator[list[float]]:
    """Asks /health again and again meanwhile, and gives the seconds that each answer took."""
    waits: list[float] = []
    ended = threading.Event()
    port = int(server.url.rpartition(":")[2])

    def watch() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            while not waits or not ended.wait(0.005):
                start = time.perf_counter()
                connection.request("GET", "/health")
                connection.getresponse().read()
                waits.append(time.perf_counter() - start)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield waits
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("path", ATTACKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("kind", ["server", "lexicon_server"])
def test_attack(request: pytest.FixtureRequest, kind: str, path: Path) -> None:
    server: Server = request.getfixturevalue(kind)
    attack = tomllib.loads(path.read_text(encoding="utf-8"))
    expected = attack["status"]
    if kind == "lexicon_server":
        expected = attack.get("lexicon_status", expected)
    worst = []
    for _ in range(3):  # a busy neighbour may keep /health waiting, too
        with watched(server) as waits:
            start = time.monotonic()
            received = send(server, attack)
            assert time.monotonic() - start < ANSWER_WITHIN_S
        check_answer(received, expected)
        worst.append(max(waits))
        if worst[-1] < HEALTH_WITHIN_S:
            break
    else:
        pytest.fail(f"/health took {worst} s")
    check_alive(server)


def check_answer(received: bytes, expected: list[int]) -> None:
    if not expected:
        return
    status = int(received.split(b" ", 2)[1])
    assert status in expected, received[:600]
    assert len(received) < 4096 or status == 200
    head, _, content = received.partition(b"\r\n\r\n")
    if b"application/json" in head.lower():
        json.loads(content)
