"""Whether a server is ready, asked over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from distilbert_sentiment_arch.cli.ready_check import Address, is_ready
from scripts.server_process import free_ports


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", ""])
@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False), (404, False)])
def test_only_200_is_ready(host: str, status: int, ready: bool) -> None:
    with answering(status) as port:
        assert asyncio.run(is_ready(Address(host, port))) is ready


def test_who_does_not_listen_is_not_ready() -> None:
    assert asyncio.run(is_ready(Address("127.0.0.1", free_ports(1)[0]))) is False
