"""deploy/gateway, by the real proxy: nobody notices when the model server goes or is full."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest
from commands import ROOT, run
from dialects import GOOD
from server_process import START_TIMEOUT_S, Server, running_server

from benchmarking.server_process import free_ports

NGINX = os.environ.get("NGINX") or shutil.which("nginx") or ""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.access(NGINX, os.X_OK), reason="nginx is not here; see scripts/test"),
]

CLIENTS = 8


@dataclass
class Load:
    """Clients that ask in every dialect, one request after the other, and what became of them."""

    url: str
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    ended: bool = False

    def ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=90, trust_env=False) as client:
            while not self.ended:
                for dialect, (path, body) in GOOD.items():
                    try:
                        response = client.post(path, json=body)
                    except httpx.TransportError as error:
                        self.wrong.append(f"{dialect}: {error!r}")
                        continue
                    if response.status_code != 200:
                        self.wrong.append(f"{dialect}: {response.status_code} {response.text}")
                    self.outcomes[response.headers.get("X-Sentiment-Route", "none")] += 1

    def wait_for(self, route: str) -> None:
        before = self.outcomes[route]
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.outcomes[route] <= before + 10:
            assert time.monotonic() < deadline, self.outcomes
            time.sleep(0.05)


@contextmanager
def load(url: str) -> Iterator[Load]:
    clients = Load(url)
    threads = [threading.Thread(target=clients.ask) for _ in range(CLIENTS)]
    for each in threads:
        each.start()
    try:
        yield clients
    finally:
        clients.ended = True
        for each in threads:
            each.join()


@dataclass
class Gateway:
    """The proxy and what it needs to know of the servers behind it."""

    url: str
    model_port: int


@pytest.fixture
def gateway(tmp_path: Path, lexicon_server: Server) -> Iterator[Gateway]:
    port, model_port = free_ports(2)
    run_dir = tmp_path / "gateway"
    run_dir.mkdir()
    with (run_dir / "log").open("wb") as log:
        process = subprocess.Popen(
            [ROOT / "deploy" / "gateway" / "run"],
            env={
                **os.environ,
                "NGINX": NGINX,
                "RUN_DIR": str(run_dir),
                "LISTEN": f"127.0.0.1:{port}",
                "MODEL_SERVER": f"127.0.0.1:{model_port}",
                "LEXICON_SERVER": lexicon_server.url.removeprefix("http://"),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for_the_port(process, url, run_dir / "log")
        yield Gateway(url, model_port)
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=30)


def wait_for_the_port(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(f"{url}/health", trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise AssertionError(log.read_text())


def kill_everything(server: Server) -> None:
    tree = psutil.Process(server.process.pid)
    for process in [*tree.children(recursive=True), tree]:
        process.kill()
    server.process.wait()


def test_no_client_sees_the_model_server_come_and_go(tmp_path: Path, gateway: Gateway) -> None:
    with load(gateway.url) as clients:
        clients.wait_for("lexicon")  # the model server is not there yet
        assert clients.outcomes["model"] == 0
        with running_server(tmp_path / "first", port=gateway.model_port) as server:
            clients.wait_for("model")
            kill_everything(server)
            clients.wait_for("lexicon")
        with running_server(tmp_path / "second", port=gateway.model_port) as server:
            clients.wait_for("model")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(timeout=60) == 0
            clients.wait_for("lexicon")
        with running_server(tmp_path / "third", port=gateway.model_port):
            clients.wait_for("model")
    print(f"answered by: {dict(clients.outcomes)}; failed: {len(clients.wrong)}")
    assert clients.wrong == []


def test_a_full_model_server(tmp_path: Path, gateway: Gateway) -> None:
    def ask(headers: dict[str, str]) -> tuple[int, str]:
        body = {"input": "terrible " * 500}
        url = f"{gateway.url}/classify"
        response = httpx.post(url, json=body, headers=headers, timeout=90, trust_env=False)
        return response.status_code, response.headers.get("X-Sentiment-Route", "none")

    refusing = {"X-Sentiment-Fallback": "off"}
    flags = ("--max-pending-tokens", "2000")
    with (
        running_server(tmp_path / "server", *flags, port=gateway.model_port),
        ThreadPoolExecutor(60) as pool,
    ):
        answers = Counter(pool.map(ask, [{}] * 40 + [refusing] * 20))
    assert set(answers) == {(200, "model"), (200, "lexicon"), (429, "none")}
    assert answers[200, "model"] + answers[200, "lexicon"] >= 40
    assert answers[429, "none"] <= 20


def test_the_model_alone_where_a_request_refuses_the_lexicon(gateway: Gateway) -> None:
    path, body = GOOD["vllm"]
    for options in (
        {"json": body, "headers": {"X-Sentiment-Fallback": "off"}},
        {"json": body | {"fallback": "off"}},
    ):
        refused = httpx.post(f"{gateway.url}{path}", **options, trust_env=False)
        assert refused.status_code == 503
        assert "not up" in refused.json()["error"]["message"]


def test_a_body_over_the_limit(gateway: Gateway) -> None:
    url = f"{gateway.url}/classify"
    refused = httpx.post(url, json={"input": "a" * 9_000_000}, trust_env=False)
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == 413


def test_a_setting_that_is_missing_is_named() -> None:
    ended = run(ROOT / "deploy" / "gateway" / "run", environment={"MODEL_SERVER": "a:1"})
    assert ended.returncode == 2
    assert "LEXICON_SERVER is not set" in ended.stderr
