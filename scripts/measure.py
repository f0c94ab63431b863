"""The figures of the README: start-up, compile, memory and latency of a real server.

    .venv/bin/python scripts/measure.py [--cold]

--cold starts once more with an empty compile cache. Prints Markdown. Nothing else should run on
the machine meanwhile.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
TEXT = "The acting was fine, but the story dragged on and I kept checking my watch until the end."
REQUESTS = 500
SERVE = [sys.executable, "-m", "distilbert_sentiment_arch.cli", "serve"]


class PeakMemory:
    """The most a process and its descendants take while the block runs, shared pages once."""

    def __init__(self, pid: int) -> None:
        self.root = psutil.Process(pid)
        self.bytes = 0

    def __enter__(self) -> PeakMemory:
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.thread.join()

    def _watch(self) -> None:
        while True:
            tree = [self.root, *self.root.children(recursive=True)]
            self.bytes = max(self.bytes, sum(each.memory_full_info().pss for each in tree))
            if self.stopped.wait(0.05):
                return


def free_port() -> int:
    """Returns a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def measure(title: str, environment: dict[str, str], *, load: bool) -> None:
    """Starts a server, prints its figures, ends it."""
    port = free_port()
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(
            [*SERVE, "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | environment | {"MAX_SERVE_METRICS_ENDPOINT_PORT": str(free_port())},
            stdout=log,
            stderr=log,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                wait(client, server)
                print(f"| {title}: start to first answer | {time.perf_counter() - start:.1f} s |")
                log.seek(0)
                (compiled,) = re.findall(r"Compiling model took ([\d.]+) seconds", log.read())
                print(f"| {title}: compile | {compiled} s |")
                if load:
                    # Reading memory maps stops the process for a moment: not while it is timed.
                    latency(client)
                    memory(client, server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def wait(client: httpx.Client, server: subprocess.Popen[bytes]) -> None:
    """Returns once the server has answered a classification."""
    while server.poll() is None:
        try:
            client.post("/classify", json={"input": TEXT}, timeout=60).raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit(f"the server ended with {server.returncode}")


def latency(client: httpx.Client) -> None:
    """Prints percentiles of one request after the other."""
    milliseconds = []
    for _ in range(REQUESTS):
        start = time.perf_counter()
        answer = client.post("/classify", json={"input": TEXT}).raise_for_status().json()
        milliseconds.append((time.perf_counter() - start) * 1000)
    tokens = answer["usage"]["prompt_tokens"]
    cuts = statistics.quantiles(milliseconds, n=100)
    print(
        f"| `/classify`, one text of {tokens} tokens, concurrency 1, {REQUESTS} requests | "
        f"p50 {cuts[49]:.1f} ms, p90 {cuts[89]:.1f} ms, p99 {cuts[98]:.1f} ms |"
    )


def memory(client: httpx.Client, pid: int) -> None:
    """Prints what the process tree takes after short texts, and at its worst."""
    with PeakMemory(pid) as short:
        client.post("/classify", json={"input": TEXT}).raise_for_status()
    print(f"| memory of the process tree, short texts | {short.bytes / 1e6:.0f} MB |")
    with PeakMemory(pid) as long:
        body = {"input": ["word " * 510] * 64}
        client.post("/classify", json=body, timeout=300).raise_for_status()
    print(f"| the same, at the peak of 64 texts of 512 tokens | {long.bytes / 1e6:.0f} MB |")


def main() -> None:
    """Measures warm, and cold where asked."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--cold", action="store_true", help="start with an empty cache, too")
    options = parser.parse_args()
    print(f"| figure | {os.cpu_count()} cores |\n|---|---|")
    if options.cold:
        with tempfile.TemporaryDirectory() as cache:
            measure(
                "cold", {"MODULAR_CACHE_DIR": cache, "MODULAR_MAX_CACHE_DIR": cache}, load=False
            )
    measure("warm", {}, load=True)


if __name__ == "__main__":
    main()
