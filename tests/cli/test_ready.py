"""`max-sentiment ready`, with a real server, a failing one and none."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from server_process import running_server

from distilbert_sentiment_arch.cli.main import main
from scripts.server_process import free_ports


class Failing(BaseHTTPRequestHandler):
    """A server that listens and is not ready."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b'{"ready": false}')

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def failing_port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_nothing_listens_on_the_port(capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)
    assert main(["ready", "--port", str(port)]) == 1
    assert f"port {port}: ConnectionRefusedError" in capsys.readouterr().err


def test_not_ready(failing_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ready", "--port", str(failing_port)]) == 1
    assert '503 {"ready": false}' in capsys.readouterr().err


def test_waits_no_longer_than_told(failing_port: int) -> None:
    start = time.monotonic()
    assert main(["ready", "--port", str(failing_port), "--wait", "1.2"]) == 1
    assert 1.2 <= time.monotonic() - start < 4


def test_waits_for_a_server_that_starts(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    answers: list[int] = []
    asking = threading.Thread(
        target=lambda: answers.append(main(["ready", "--port", str(port), "--wait", "30"]))
    )
    asking.start()
    with running_server(tmp_path, command="lexicon", port=port):
        asking.join()
    assert answers == [0]


def test_a_proxy_in_the_environment_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    (port,) = free_ports(1)
    with running_server(tmp_path, command="lexicon", port=port):
        assert main(["ready", "--port", str(port)]) == 0
