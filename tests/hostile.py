"""Hostile requests of tests/attacks: reading, sending, and checking the server afterwards."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import Server

ATTACKS = sorted((Path(__file__).resolve().parent / "attacks").glob("*.toml"))
ANSWER_WITHIN_S = 10
HEALTH_WITHIN_S = 0.25


def read_attack(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


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
    """Sends an attack over a new socket and returns the answer."""
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
            # The server may refuse and close before it has read everything.
            with suppress(BrokenPipeError, ConnectionResetError):
                stream.sendall(head_of(attack, len(body)) + body)
        return answer_of(stream)


def answer_of(stream: socket.socket) -> bytes:
    """Reads the answer until the server closes the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while chunk := stream.recv(65536):
            received += chunk
    return received


def check_survived(server: Server, attack: dict[str, Any], expected: Sequence[int]) -> None:
    """Sends an attack: it is answered in time with an expected status, and /health meanwhile."""
    worst = []
    for _ in range(3):  # a busy neighbour may keep /health waiting, too
        with _watched(server) as waits:
            start = time.monotonic()
            received = send(server, attack)
            assert time.monotonic() - start < ANSWER_WITHIN_S
        _check_answer(received, expected)
        worst.append(max(waits))
        if worst[-1] < HEALTH_WITHIN_S:
            break
    else:
        pytest.fail(f"/health took {worst} s")


@contextmanager
def _watched(server: Server) -> Iterator[list[float]]:
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


def _check_answer(received: bytes, expected: Sequence[int]) -> None:
    if not expected:
        return
    status = int(received.split(b" ", 2)[1])
    assert status in expected, received[:600]
    assert len(received) < 4096 or status == 200
    head, _, content = received.partition(b"\r\n\r\n")
    if b"application/json" in head.lower():
        json.loads(content)


def check_alive(server: Server) -> None:
    assert server.process.poll() is None
    # A connection of its own: a full server closes the one that has been idle for longest.
    body = {"input": ["I love it.", "I hate it."]}
    answer = httpx.post(f"{server.url}/classify", json=body, timeout=60, trust_env=False)
    assert [datum["label"] for datum in answer.json()["data"]] == ["POSITIVE", "NEGATIVE"]
