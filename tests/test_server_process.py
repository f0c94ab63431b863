"""Starting and ending a server of this project, with the lexicon server, which starts quickly."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from scripts.server_process import (
    ServerNotReady,
    free_ports,
    running,
    started,
    stop,
    wait_until_ready,
)


def eventually(opener: urllib.request.OpenerDirector, url: str) -> bytes:
    deadline = time.monotonic() + 30
    while True:
        try:
            with opener.open(url, timeout=10) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_ready_server_answers_and_is_gone_afterwards(tmp_path: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with running(tmp_path, command="lexicon") as server:
        assert opener.open(f"{server.url}/ready", timeout=10).status == 200
        assert b"sentiment_requests_total" in eventually(opener, server.metrics_url)
        assert server.log.parent == tmp_path
    assert server.process.returncode == 0  # 0 after SIGTERM, with which an operator ends it
    with pytest.raises(OSError, match="refused"):
        opener.open(f"{server.url}/ready", timeout=10)


def test_port_flags_environment_and_working_directory_are_the_callers(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    words = tmp_path / "elsewhere"
    words.mkdir()
    options = {"command": "lexicon", "port": port, "working_directory": words}
    environment = {"MAX_SENTIMENT_NEUTRAL_BAND": "0.25"}
    with running(tmp_path, "--modifiers", "on", environment=environment, **options) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        request = urllib.request.Request(
            f"{server.url}/v1/lexicon/classify",
            data=b'{"input": "good"}',
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            body = answer.read()
        assert b'"neutral_band":0.25' in body
        assert b'"modifiers":true' in body
        assert Path(f"/proc/{server.process.pid}/cwd").resolve() == words


def test_the_error_of_a_server_that_ends_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerNotReady, match=r"the server ended with 2:\n[\s\S]*--no-such-flag"),
        running(tmp_path, "--no-such-flag", command="lexicon"),
    ):
        pass


def test_waiting_for_a_server_is_limited(tmp_path: Path) -> None:
    with (
        started(tmp_path, command="lexicon") as server,
        pytest.raises(ServerNotReady, match="not ready after 0 s"),
    ):
        wait_until_ready(server, timeout_s=0.0)


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}; signal.pause()"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    start = time.monotonic()
    stop(process, timeout_s=0.2)
    assert time.monotonic() - start >= 0.2
    assert process.returncode == -9
    process.stdout.close()
    stop(process)  # a process that has ended is ignored


def test_free_ports_differ() -> None:
    assert len(set(free_ports(50))) == 50
