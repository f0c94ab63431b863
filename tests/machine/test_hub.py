"""The hub: reachable, refused, silent, or not to be asked."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from distilbert_sentiment_arch.machine.hub import find_hub
from scripts.server_process import free_ports


class Answering(BaseHTTPRequestHandler):
    status = 200

    def do_HEAD(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "error"), [(200, ""), (401, ""), (404, ""), (503, "status 503"), (407, "status 407")]
)
def test_a_hub_that_answers_is_reachable_whatever_it_says(status: int, error: str) -> None:
    server = HTTPServer(("127.0.0.1", 0), type("", (Answering,), {"status": status}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        found = find_hub(20, {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}/"})
    finally:
        server.shutdown()
        server.server_close()
    assert found.error == error
    assert found.reachable == (not error)
    assert found.address == f"http://127.0.0.1:{server.server_port}"


def test_a_closed_port_says_so() -> None:
    (port,) = free_ports(1)
    found = find_hub(20, {"HF_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert "refused" in found.error
    assert not found.reachable


def test_a_hub_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert find_hub(0.2, {"HF_ENDPOINT": address}).error


def test_offline_nothing_is_asked() -> None:
    found = find_hub(20, {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://no.such.host.invalid"})
    assert found.offline
    assert found.error == ""
    assert not found.reachable
    assert found.address == "http://no.such.host.invalid"


def test_an_address_that_is_none_is_an_answer_too() -> None:
    assert find_hub(20, {"HF_ENDPOINT": "nonsense"}).error
