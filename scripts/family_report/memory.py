"""Memory and starts of a real server with each checkpoint of the benchmark of families."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx

from scripts.benchmarking.models import find_model
from scripts.family_report.figures import Memory
from scripts.measure import FIRST_TEXT, RunningServer, empty_cache, served
from scripts.process_memory import PeakMemory

LONG_TEXT = "word " * 512
MB = 1e6


def measure_memory(name: str, report: Callable[[str], None]) -> Memory:
    """Starts a server with an empty and with a filled compile cache, and returns the figures.

    Args:
        name: The benchmark's name of a model.
        report: Called with a line of text at the start of each step.
    """
    report(f"{name}: writing the checkpoint, where it is not there yet")
    directory = find_model(name).directory
    with empty_cache() as environment:
        report(f"{name}: start with an empty cache")
        with served(environment, model=str(directory)) as server:
            cold_start_s = server.seconds_to_answer
    with empty_cache() as environment:
        report(f"{name}: the same again, for its memory")
        with served(environment, model=str(directory), watched=True) as server:
            compiling = server.peak_bytes
        report(f"{name}: start with a filled cache")
        with served(environment, model=str(directory)) as server:
            warm_start_s = server.seconds_to_answer
            short, long = _memory(server)
    return Memory(
        weights_mb=round((directory / "model.safetensors").stat().st_size / MB),
        cold_start_s=round(cold_start_s, 1),
        compiling_mb=round(compiling / MB),
        warm_start_s=round(warm_start_s, 1),
        short_mb=round(short / MB),
        long_mb=round(long / MB),
    )


def _memory(server: RunningServer) -> tuple[int, int]:
    """Returns the peak with a short text, and with the longest batch."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=600) as client:
        peaks = []
        for body in (
            {"input": FIRST_TEXT},
            {"input": [LONG_TEXT] * 64, "truncate_prompt_tokens": 512},
        ):
            with PeakMemory(server.pid) as peak:
                client.post("/classify", json=body).raise_for_status()
            peaks.append(peak.bytes)
    return peaks[0], peaks[1]


def cores() -> int:
    """Returns how many cores a server may use."""
    return len(os.sched_getaffinity(0))
