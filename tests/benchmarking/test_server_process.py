"""Start, requests and resource use of a server under measurement: a small one of known cost."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.server_process import root_cause, running
from scripts.benchmarking.servers.server import Server
from scripts.process_memory import PeakMemory, process_tree
from scripts.server_process import free_ports

PROGRAM = """
import http.server, json, subprocess, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if texts == ["burn"]:
            end = time.process_time() + 0.3
            while time.process_time() < end:
                pass
        if texts == ["grow"]:
            self.server.kept = b"x" * 60_000_000
        if texts == ["child"]:
            code = "import time\\nwhile time.process_time() < 0.3: pass"
            subprocess.run([sys.executable, "-c", code])
        self.answer([len(text) for text in texts])
    def do_GET(self):
        self.answer({"path": self.path})
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

time.sleep(float(sys.argv[2]))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def server(port: int, delay_s: float = 0.0) -> Server:
    return Server(
        command=[sys.executable, "-c", PROGRAM, str(port), str(delay_s)],
        path="/",
        body=list,
        labels=lambda answer: answer,
    )


def test_the_start_is_timed_to_the_first_answer() -> None:
    (port,) = free_ports(1)
    with running(server(port, delay_s=0.6), port, "text") as process:
        assert 0.6 < process.seconds_to_answer < 5
        assert process.ask(["a", "abc"]) == [1, 3]
        (only,) = process_tree(process.pid)
    assert not only.is_running()


def test_cpu_and_memory_are_those_of_the_whole_tree() -> None:
    (port,) = free_ports(1)
    with running(server(port), port, "text") as process:
        before = process.cpu_s()
        process.ask(["burn"])
        process.ask(["child"])  # the child has ended by now; its time counts nevertheless
        assert 0.5 < process.cpu_s() - before < 1.2
        idle = process.memory_mb()
        with PeakMemory(process.pid) as peak:
            process.ask(["grow"])
            time.sleep(0.3)
        assert peak.bytes / 1e6 - idle == pytest.approx(60, abs=15)


def test_a_server_may_say_what_it_serves() -> None:
    (port,) = free_ports(1)
    described = replace(
        server(port), about="/v1/models", why_wrong=lambda about: f"it is {about['path']}"
    )
    with running(described, port, "text") as process:
        assert process.why_wrong() == "it is /v1/models"
    with running(server(port), port, "text") as process:
        assert process.why_wrong() is None


def test_the_error_of_a_server_that_ends_is_reported() -> None:
    (port,) = free_ports(1)
    broken = Server(
        command=[sys.executable, "-c", "raise SystemExit('no such model')"],
        path="/",
        body=list,
        labels=lambda answer: answer,
    )
    with (
        pytest.raises(NotAvailable, match="it ended with 1: no such model"),
        running(broken, port, "text"),
    ):
        pass


def test_the_first_error_of_a_log_is_the_cause() -> None:
    log = (
        "WARNING: this can cause errors like `OSError: too many open files`\n"
        "(worker) ERROR: ValueError: layer 0 is unknown\nRuntimeError: the worker failed\n"
    )
    assert root_cause(log) == "ValueError: layer 0 is unknown"
    assert root_cause("Killed\n") == "Killed"
    assert root_cause("") == "it wrote nothing"


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with running(server(port), port, "text") as process:
        tree = process_tree(process.pid)
    with running(server(port), port, "text"):
        pass  # the port is free again
    assert not any(each.is_running() for each in tree)
