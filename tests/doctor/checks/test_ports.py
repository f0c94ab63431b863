"""Findings about ports: free, taken, taken by a server of this package, or not for this user."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from doctor_answers import examined_with

from distilbert_sentiment_arch.doctor.checks.ports import check_ports_of_server
from distilbert_sentiment_arch.doctor.examined import ExamineOptions
from distilbert_sentiment_arch.doctor.finding import Finding
from scripts.server_process import free_ports

LOCAL = "127.0.0.1"


def found(port: int, metrics_port: int = 0, host: str = LOCAL) -> list[Finding]:
    options = ExamineOptions(host=host, port=port, metrics_port=metrics_port)
    return check_ports_of_server(examined_with(options))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((LOCAL, 0)) as listening:
        yield listening.getsockname()[1]


def test_ports_that_are_free() -> None:
    api, metrics = found(*free_ports(2))
    assert (api.name, api.level) == ("ports.api", "ok")
    assert (metrics.name, metrics.level) == ("ports.metrics", "ok")


def test_no_port_for_metrics() -> None:
    assert [each.name for each in found(*free_ports(1))] == ["ports.api"]


def test_ports_that_are_taken(taken: int) -> None:
    (free,) = free_ports(1)
    api, _ = found(taken, free)
    assert (api.level, api.found) == ("unfit", f"port {taken} is in use on {LOCAL}")
    assert api.remedy == "Stop what listens there, or pass --port."
    _, metrics = found(free, taken)
    assert metrics.level == "unfit"
    assert "MAX_SERVE_METRICS_ENDPOINT_PORT" in metrics.remedy


def test_the_same_port_twice() -> None:
    (free,) = free_ports(1)
    (finding,) = found(free, free)
    assert finding.level == "unfit"
    assert "is asked for twice" in finding.found


def test_an_address_of_another_machine() -> None:
    finding = found(*free_ports(1), host="192.0.2.1")[0]
    assert finding.level == "unfit"
    assert "--host" in finding.remedy


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_port_that_this_user_may_not_have() -> None:
    least = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if not least:
        pytest.skip("this machine lets everybody have every port")
    os.seteuid(65534)
    try:
        finding = found(least - 1)[0]
    finally:
        os.seteuid(0)
    assert finding.level == "unfit"
    assert "Permission denied" in finding.meaning


class Ready(BaseHTTPRequestHandler):
    """Answers as ``serving.dialects.probes`` does."""

    def do_GET(self) -> None:
        content = json.dumps({"ready": True, "model": "m", "reason": "", "latency_ms": 1}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        pass


def test_a_server_that_runs_already_is_a_warning() -> None:
    (metrics_port,) = free_ports(1)
    server = HTTPServer((LOCAL, 0), Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        api, metrics = found(server.server_port, metrics_port)
    finally:
        server.shutdown()
        server.server_close()
    assert api.level == "warning"
    assert "a max-sentiment server answers there" in api.meaning
    assert metrics.level == "ok"


def test_a_file_of_settings_is_named() -> None:
    Path(".env").touch()
    assert found(*free_ports(1))[-1].name == "ports.env_file"
