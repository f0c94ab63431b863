"""Measurement of start-up, compile time, memory and latency of a real server.

    .venv/bin/python scripts/measure.py [--cold] [--model DIRECTORY]

--cold adds two starts with an empty compile cache: one to measure the time, one to measure the
memory of compiling. Prints Markdown. Run nothing else on the machine at the same time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.benchmarking.load import run_load
from scripts.benchmarking.load_generator import Plan
from scripts.process_memory import PeakMemory
from scripts.server_process import ServerProcess, started, wait_until

FIRST_TEXT = (
    "The acting was fine, but the story dragged on and I kept checking my watch until the end."
)
REQUESTS = 500
STAGES_S = 5.0


@dataclass(frozen=True)
class RunningServer:
    """A running server that has answered its first request.

    Attributes:
        url: Its address.
        pid: Id of its process, the root of the process tree.
        seconds_to_answer: Seconds from its start to its first answer.
        peak_bytes: Peak memory of the process tree until then; 0 if it was not measured.
        log: File of its output.
    """

    url: str
    pid: int
    seconds_to_answer: float
    peak_bytes: int
    log: Path


@contextmanager
def served(
    environment: dict[str, str], *, model: str | None = None, watched: bool = False
) -> Iterator[RunningServer]:
    """Starts a server, yields it after its first answer, and ends it.

    Args:
        environment: Variables added to those of this process.
        model: A checkpoint; None for the embedded one.
        watched: Measure the peak memory until the first answer.
    """
    flags = ["--model", model] if model else []
    start = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as directory,
        # A relative path of a model refers to the working directory of the caller.
        started(
            Path(directory), *flags, environment=environment, working_directory=Path.cwd()
        ) as server,
    ):
        pid = server.process.pid
        with PeakMemory(pid) if watched else nullcontext() as peak:
            wait_until(server, lambda: has_answered(server))
        seconds = time.perf_counter() - start
        yield RunningServer(server.url, pid, seconds, peak.bytes if peak else 0, server.log)


def has_answered(server: ServerProcess) -> bool:
    """Whether a server classifies a text."""
    body = {"input": FIRST_TEXT}
    try:
        answer = httpx.post(f"{server.url}/classify", json=body, timeout=60, trust_env=False)
    except httpx.TransportError:
        return False
    answer.raise_for_status()
    return True


def measure(title: str, model: str | None, environment: dict[str, str], *, load: bool) -> None:
    """Starts a server, prints its figures as rows of a table, and ends it."""
    with (
        served(environment, model=model) as server,
        httpx.Client(base_url=server.url, trust_env=False) as client,
    ):
        print(f"| {title}: start to first answer | {server.seconds_to_answer:.1f} s |")
        for compiled in re.findall(r"Compiling the graph took ([\d.]+) s", server.log.read_text()):
            print(f"| {title}: compile | {compiled} s |")
        if load:
            # After the latency, because reading memory maps briefly stops the process.
            latency(client)
            stages(server.url)
            memory(client, server.pid)


def peak_of_compiling(model: str | None, environment: dict[str, str]) -> None:
    """Prints the peak memory of the process tree from its start to its first answer."""
    with served(environment, model=model, watched=True) as server:
        print(f"| cold: memory at the peak of compiling | {server.peak_bytes / 1e6:.0f} MB |")


def latency(client: httpx.Client) -> None:
    """Prints percentiles of the latency of sequential requests."""
    milliseconds = []
    for _ in range(REQUESTS):
        start = time.perf_counter()
        answer = client.post("/classify", json={"input": FIRST_TEXT}).raise_for_status().json()
        milliseconds.append((time.perf_counter() - start) * 1000)
    tokens = answer["usage"]["prompt_tokens"]
    cuts = statistics.quantiles(milliseconds, n=100)
    print(
        f"| `/classify`, one text of {tokens} tokens, concurrency 1, {REQUESTS} requests | "
        f"p50 {cuts[49]:.1f} ms, p90 {cuts[89]:.1f} ms, p99 {cuts[98]:.1f} ms |"
    )


def stages(url: str) -> None:
    """Prints where the time of one caller's requests goes, on average.

    The load generator takes less time for a request than httpx.
    """
    port = int(url.rpartition(":")[2])
    body = json.dumps({"input": FIRST_TEXT})
    outcome = run_load(Plan(port, "/classify", [body], seconds=STAGES_S, concurrency=1))
    count = len(outcome.latencies_ms)
    total = sum(outcome.latencies_ms)
    parts = outcome.server_timing | {"the rest": total - sum(outcome.server_timing.values())}
    print(
        f"| the same by the benchmark's load generator | mean {total / count:.2f} ms: "
        + ", ".join(f"{name} {part / count:.2f}" for name, part in parts.items())
        + " |"
    )


def memory(client: httpx.Client, pid: int) -> None:
    """Prints the memory of the process tree with short texts, and with the longest batch."""
    with PeakMemory(pid) as short:
        client.post("/classify", json={"input": FIRST_TEXT}).raise_for_status()
    print(f"| memory of the process tree, short texts | {short.bytes / 1e6:.0f} MB |")
    with PeakMemory(pid) as long:
        body = {"input": ["word " * 510] * 64}
        client.post("/classify", json=body, timeout=300).raise_for_status()
    print(f"| the same, at the peak of 64 texts of 512 tokens | {long.bytes / 1e6:.0f} MB |")


def main() -> None:
    """Measures a warm start and, with --cold, a cold one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cold", action="store_true", help="start with an empty cache, too")
    parser.add_argument("--model", help="a checkpoint in place of the embedded one")
    options = parser.parse_args()
    print(f"| figure | {os.cpu_count()} cores |\n|---|---|")
    if options.cold:
        with empty_cache() as environment:
            measure("cold", options.model, environment, load=False)
        with empty_cache() as environment:
            peak_of_compiling(options.model, environment)
    measure("warm", options.model, {}, load=True)


@contextmanager
def empty_cache() -> Iterator[dict[str, str]]:
    """Yields environment variables that give a server an empty compile cache."""
    with tempfile.TemporaryDirectory() as cache:
        yield {"MODULAR_CACHE_DIR": cache, "MODULAR_MAX_CACHE_DIR": cache}


if __name__ == "__main__":
    main()
