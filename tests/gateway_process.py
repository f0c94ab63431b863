"""The gateway as a process with the real proxy, and clients that record failed requests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil
import pytest
from commands import ROOT
from dialects import GOOD
from server_process import START_TIMEOUT_S, Server

from scripts.server_process import free_ports

NGINX = os.environ.get("NGINX") or shutil.which("nginx") or ""

needs_nginx = pytest.mark.skipif(
    not os.access(NGINX, os.X_OK), reason="nginx is not here; see scripts/test"
)


@dataclass
class Load:
    """Clients that send requests in every dialect, one after the other, and the outcomes.

    Attributes:
        url: Address of the gateway.
        pause_s: Seconds that a client waits after an answer.
        outcomes: Number of answers by their source.
        wrong: Outcomes other than an answer with status 200.
    """

    url: str
    pause_s: float = 0.0
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
                    time.sleep(self.pause_s)

    def wait_for(self, route: str, answers: int = 10) -> None:
        wanted = self.outcomes[route] + answers
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.outcomes[route] <= wanted:
            assert time.monotonic() < deadline, self.outcomes
            time.sleep(0.05)


@contextmanager
def load(url: str, clients: int = 8, pause_s: float = 0.0) -> Iterator[Load]:
    found = Load(url, pause_s)
    threads = [threading.Thread(target=found.ask) for _ in range(clients)]
    for each in threads:
        each.start()
    try:
        yield found
    finally:
        found.ended = True
        for each in threads:
            each.join()


@contextmanager
def running_gateway(
    run_dir: Path, model_ports: Sequence[int], lexicon_port: int, **settings: int
) -> Iterator[tuple[str, Path]]:
    """Starts the proxy for servers on this machine and yields its address and its log.

    Settings are variables of deploy/gateway/run.
    """
    (port,) = free_ports(1)
    run_dir.mkdir()
    log = run_dir / "log"
    # Opened for appending, because nginx opens its standard output a second time.
    with log.open("ab") as output, TemporaryDirectory() as files:
        # If root starts nginx, its workers' user may not enter pytest's directories.
        Path(files).chmod(0o755)
        process = subprocess.Popen(
            [ROOT / "deploy" / "gateway" / "run"],
            env={
                **os.environ,
                "NGINX": NGINX,
                "RUN_DIR": files,
                "LISTEN": f"127.0.0.1:{port}",
                "MODEL_SERVER": " ".join(f"127.0.0.1:{each}" for each in model_ports),
                "LEXICON_SERVER": f"127.0.0.1:{lexicon_port}",
                **{name: str(value) for name, value in settings.items()},
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for_the_port(process, url, log)
            yield url, log
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
    """Ends a server and its workers with SIGKILL."""
    tree = psutil.Process(server.process.pid)
    for process in [*tree.children(recursive=True), tree]:
        process.kill()
    server.process.wait()
