"""Limits of HTTP connections: deadlines, sizes, pipelining and idle connections."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from hostile import answer_of

from distilbert_sentiment_arch.serving.http_protocol import MAX_PIPELINED, bounded_protocol
from distilbert_sentiment_arch.settings.limits import Limits

TIMEOUT_S = 20


@dataclass
class Application:
    """Answers with the length of the body after the delay in the path; records disconnects."""

    disconnected: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Callable[..., Any], send: Any) -> None:
        size, more = 0, scope["path"] != "/without-the-body"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnected.append(scope["path"])
                return
            size += len(message["body"])
            more = message["more_body"]
        if scope["path"].startswith("/after/"):
            gone = asyncio.create_task(receive())
            done, _ = await asyncio.wait([gone], timeout=float(scope["path"].split("/")[-1]))
            gone.cancel()
            if done:
                self.disconnected.append(scope["path"])
                return
        content = str(size).encode()
        headers = [(b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


@contextmanager
def serving(limits: Limits) -> Iterator[tuple[int, Application]]:
    app = Application()
    config = uvicorn.Config(
        app,
        port=0,
        http=bounded_protocol(limits),
        ws="none",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1], app
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def quick() -> Iterator[tuple[int, Application]]:
    """A server with deadlines short enough for a test."""
    with serving(Limits(head_timeout_s=0.5, body_timeout_s=0.5, max_head_bytes=4096)) as running:
        yield running


@pytest.fixture(scope="module")
def patient() -> Iterator[tuple[int, Application]]:
    with serving(Limits(max_head_bytes=4096)) as running:
        yield running


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)


def ask(path: str = "/", body: bytes = b"", *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def refusal(answer: bytes) -> tuple[int, str]:
    head, _, content = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    error = json.loads(content)["error"]
    assert int(answer.split()[1]) == error["code"]
    return error["code"], error["message"]


def wait_for(app: Application, path: str) -> None:
    """Waits until the application has noticed that the client of a path disconnected."""
    deadline = time.monotonic() + TIMEOUT_S
    while path not in app.disconnected:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_silent_connection_is_closed(quick: tuple[int, Application]) -> None:
    with closing(connect(quick[0])) as stream:
        assert answer_of(stream) == b""


@pytest.mark.parametrize("sent", [b"G", b"POST / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_head_that_does_not_end_is_refused(quick: tuple[int, Application], sent: bytes) -> None:
    with closing(connect(quick[0])) as stream:
        stream.sendall(sent)
        assert refusal(answer_of(stream))[0] == 408


def test_a_head_sent_byte_by_byte_has_the_same_deadline(quick: tuple[int, Application]) -> None:
    with closing(connect(quick[0])) as stream:
        start = time.monotonic()
        stream.sendall(b"GET / HTTP/1.1\r\nX: ")
        with suppress(ConnectionError):
            while time.monotonic() - start < TIMEOUT_S:
                stream.sendall(b"a")
                time.sleep(0.02)
        assert time.monotonic() - start < TIMEOUT_S


def test_a_second_head_that_does_not_end(quick: tuple[int, Application]) -> None:
    with closing(connect(quick[0])) as stream:
        stream.sendall(ask())
        assert stream.recv(1000).startswith(b"HTTP/1.1 200")
        stream.sendall(b"POST / HT")
        assert refusal(answer_of(stream))[0] == 408


def test_a_body_that_does_not_end_is_closed_after_its_deadline_and_a_grace(
    quick: tuple[int, Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, app = quick
    monkeypatch.setattr("distilbert_sentiment_arch.serving.http_protocol.BODY_GRACE_S", 0.2)
    with closing(connect(port)) as stream:
        stream.sendall(ask("/lacking", b"a" * 1000)[:-1])
        assert refusal(answer_of(stream))[0] == 408
    wait_for(app, "/lacking")


def test_a_body_that_the_application_leaves_unread_is_not_waited_for(
    quick: tuple[int, Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distilbert_sentiment_arch.serving.http_protocol.BODY_GRACE_S", 0.2)
    with closing(connect(quick[0])) as stream:
        stream.sendall(ask("/without-the-body", b"a" * 1000)[:-1])
        answer = answer_of(stream)  # one answer, then the end
        assert answer.count(b"HTTP/1.1") == 1
        assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 2000 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 1_000_000,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * 1_000_000,
    ],
    ids=["path", "header", "headers", "no end", "chunk extension", "trailer"],
)
def test_a_head_over_the_limit(patient: tuple[int, Application], sent: bytes) -> None:
    with closing(connect(patient[0])) as stream:
        with suppress(ConnectionError):
            stream.sendall(sent)
        answer = answer_of(stream)
    if answer:  # a reset may arrive first, because much data was still in transit
        assert refusal(answer)[0] == 431


def test_a_head_within_the_limit_and_a_body_far_over_it(patient: tuple[int, Application]) -> None:
    body = b"a" * 3_000_000
    with closing(connect(patient[0])) as stream:
        stream.sendall(ask("/", body, "X: " + "a" * 3000, "Connection: close"))
        assert answer_of(stream).endswith(b"3000000")
    chunks = b"".join(b"1\r\na\r\n" for _ in range(50_000)) + b"0\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with closing(connect(patient[0])) as stream:
        stream.sendall(head + chunks)
        assert answer_of(stream).endswith(b"50000")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT localhost:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_invalid_or_unsupported_http_is_refused(
    patient: tuple[int, Application], sent: bytes
) -> None:
    with closing(connect(patient[0])) as stream:
        stream.sendall(sent)
        assert refusal(answer_of(stream)) == (400, "The request is not valid HTTP.")


def test_pipelined_requests_are_answered_in_their_order(patient: tuple[int, Application]) -> None:
    requests = [ask("/", b"a" * size) for size in range(MAX_PIPELINED)]
    with closing(connect(patient[0])) as stream:
        stream.sendall(b"".join(requests))
        stream.shutdown(socket.SHUT_WR)
        answers = answer_of(stream).split(b"HTTP/1.1 200 OK")[1:]
    assert [int(each.rsplit(b"\r\n", 1)[1]) for each in answers] == list(range(MAX_PIPELINED))


def test_too_many_pipelined_requests(patient: tuple[int, Application]) -> None:
    with closing(connect(patient[0])) as stream:
        with suppress(ConnectionError):
            stream.sendall(ask("/after/0.2") * 3000)
        assert answer_of(stream).count(b"HTTP/1.1 200") <= 1


@pytest.mark.parametrize("path", ["/", "/after/0.5"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_half_closed_client_gets_its_answer(
    patient: tuple[int, Application], path: str, version: str
) -> None:
    with closing(connect(patient[0])) as stream:
        stream.sendall(ask(path, b"four").replace(b"HTTP/1.1", f"HTTP/{version}".encode()))
        stream.shutdown(socket.SHUT_WR)
        answer = answer_of(stream)
    assert answer.endswith(b"4")
    final = [line for line in answer.splitlines() if line.startswith(b"HTTP/1.1 ")]
    if path == "/after/0.5" and version == "1.1":
        assert final.pop(0) == b"HTTP/1.1 102 Processing"
    assert final == [b"HTTP/1.1 200 OK"]


def test_a_client_that_half_closes_within_a_body_gets_no_answer(
    patient: tuple[int, Application],
) -> None:
    port, app = patient
    with closing(connect(port)) as stream:
        stream.sendall(ask("/cut", b"four")[:-1])
        stream.shutdown(socket.SHUT_WR)
        assert answer_of(stream) == b""
    wait_for(app, "/cut")


def test_a_disconnect_is_noticed(patient: tuple[int, Application]) -> None:
    port, app = patient
    stream = connect(port)
    path = f"/after/{2 * TIMEOUT_S}"
    stream.sendall(ask(path, b"four"))
    stream.close()
    wait_for(app, path)


def test_the_connection_idle_for_the_longest_makes_room() -> None:
    with serving(Limits(max_connections=3)) as (port, _):
        streams = [connect(port) for _ in range(3)]
        for stream in streams:
            stream.sendall(ask())
            assert stream.recv(1000).startswith(b"HTTP/1.1 200")
        streams[0].sendall(ask())  # so that the second one is idle for the longest
        assert streams[0].recv(1000).startswith(b"HTTP/1.1 200")
        with closing(connect(port)) as another:
            another.sendall(ask())
            assert another.recv(1000).startswith(b"HTTP/1.1 200")
            assert answer_of(streams[1]) == b""
            for stream in (streams[0], streams[2], another):
                stream.sendall(ask())
                assert stream.recv(1000).startswith(b"HTTP/1.1 200")
        for stream in streams:
            stream.close()
