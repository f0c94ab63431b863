"""Requests that once broke something or could (tests/attacks): each is survived, at once.

A file says what is sent, why, and which statuses are an answer; none means that the connection is
cut before there could be one. ``lexicon_status`` is where word lists have another answer. Beside
each, /health answers as if nothing were; after each, a good request is answered correctly by the
same process.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from server_process import Server

pytestmark = pytest.mark.slow

ATTACKS = sorted((Path(__file__).resolve().parents[1] / "attacks").glob("*.toml"))
ANSWER_WITHIN_S = 10
HEALTH_WITHIN_S = 0.25


def body_of(attack: dict[str, Any]) -> bytes:
    if "body_hex" in attack:
        return bytes.fromhex(attack["body_hex"])
    return b"".join(part["text"].encode() * part["times"] for part in attack["body"])


def connect(server: Server) -> socket.socket:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=ANSWER_WITHIN_S)


def head_of(attack: dict[str, Any], length: int | None) -> bytes:
    lines = [f"{attack['method']} {attack['path']} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in attack["headers"].items()]
    lines += ["Connection: close"]
    lines += ["Transfer-Encoding: chunked"] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


def send(server: Server, attack: dict[str, Any]) -> bytes:
    """Sends an attack over a socket of its own and returns what comes back."""
    body = body_of(attack)
    transport = attack.get("transport", "plain")
    with connect(server) as stream:
        if transport == "cut-head":
            stream.sendall(head_of(attack, len(body))[:40])
            return b""
        if transport == "cut-body":
            stream.sendall(head_of(attack, len(body)) + body[:5])
            return b""
        if transport == "cut-answer":
            stream.sendall(head_of(attack, len(body)) + body)
            return b""
        if transport == "length-lie":
            stream.sendall(head_of(attack, len(body) + 100) + body)
            time.sleep(0.2)
            return b""
        if transport == "chunked-garbage":
            stream.sendall(head_of(attack, None) + b"zz\r\n" + body)
        elif transport == "slow":
            stream.sendall(head_of(attack, len(body)))
            for byte in body:
                stream.sendall(bytes([byte]))
                time.sleep(0.05)
        else:
            # Refused before it is read to the end, perhaps.
            with suppress(BrokenPipeError, ConnectionResetError):
                stream.sendall(head_of(attack, len(body)) + body)
        received = b""
        with suppress(ConnectionResetError):
            while chunk := stream.recv(65536):
                received += chunk
        return received


def check_alive(server: Server) -> None:
    assert server.process.poll() is None
    answer = server.client.post("/classify", json={"input": ["I love it.", "I hate it."]})
    assert [datum["label"] for datum in answer.json()["data"]] == ["POSITIVE", "NEGATIVE"]


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
