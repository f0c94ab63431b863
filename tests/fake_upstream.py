"""Fake upstream servers of the gateway, with behaviour chosen by a test."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


@dataclass(frozen=True)
class Answer:
    """Behaviour of a server when it gets a request.

    Attributes:
        status: Status of the answer; 0 closes the connection without one, like a server that dies.
        headers: Headers of the answer.
        size: Minimum bytes of the answer's body.
        read: Share of the request's body that is read before answering, 0 to 1.
        hangs: Keeps the connection open without an answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    read: float = 1
    hangs: bool = False


NOT_STARTED = {"X-Sentiment-Started": "no"}

GOOD = Answer()
FULL = Answer(429, NOT_STARTED)
FAILING = Answer(503, {**NOT_STARTED, "Retry-After": "5"})
DIES = Answer(status=0)
HANGS = Answer(hangs=True)


@dataclass
class FakeServer:
    """A server that records the requests it gets.

    Attributes:
        name: Its name in its answers.
        answer: Its behaviour.
        received: Bodies of the requests to paths other than /health.
        port: Port on which it listens.
    """

    name: str
    answer: Answer = GOOD
    received: list[bytes] = field(default_factory=list)
    port: int = 0
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def gone_server() -> Iterator[FakeServer]:
    """Reserves a port that refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield FakeServer("gone", port=held.getsockname()[1])


@contextmanager
def fake_server(name: str, answer: Answer = GOOD) -> Iterator[FakeServer]:
    """Runs a fake server on a free port."""
    fake = FakeServer(name, answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            answer = fake.answer if self.path != "/health" else GOOD
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(int(length * answer.read))
            if self.path != "/health":
                fake.received.append(body)
            if answer.hangs:
                fake.ended.wait(60)
            if answer.hangs or answer.status == 0:
                self.close_connection = True
                return
            content = json.dumps({"by": fake.name, "padding": "a" * answer.size}).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            for header, value in answer.headers.items():
                self.send_header(header, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 256

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # the gateway has closed the connection

    with Listener(("127.0.0.1", 0), Handler) as listener:
        fake.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield fake
        finally:
            fake.ended.set()
            listener.shutdown()
            thread.join()
