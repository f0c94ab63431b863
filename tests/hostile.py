"""Hostile requests of tests/attacks: reading, sending, and checking the server afterwards."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from server_process import Server

ATTACKS = sorted((Path(__file__).resolve().parent / "attacks").glob("*.toml"))
ANSWER_WITHIN_S = 10


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


def check_alive(server: Server) -> None:
    assert server.process.poll() is None
    # A connection of its own: a full server closes the one that has been idle for longest.
    body = {"input": ["I love it.", "I hate it."]}
    answer = httpx.post(f"{server.url}/classify", json=body, timeout=60, trust_env=False)
    assert [datum["label"] for datum in answer.json()["data"]] == ["POSITIVE", "NEGATIVE"]
