"""Soak test: loads a real server for minutes and prints its memory before and after.

    .venv/bin/python scripts/soak.py [--minutes 10]

Eight clients send short and long texts, lists, texts read in windows, and invalid requests.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from scripts.measure import FIRST_TEXT, served
from scripts.process_memory import memory_of

CALLERS = 8
BODIES = (
    {"input": FIRST_TEXT},
    {"input": [FIRST_TEXT, "Never again.", "so good"]},
    {"input": "word " * 400},
    {"input": "word " * 1500, "truncation": "window"},
    {"input": ["good"] * 64},
    {"input": [999_999_999]},
    {"input": ""},
    {"input": "word " * 600},
)


def caller(url: str, seed: int, until: float) -> Counter[int]:
    """Sends requests one after another until a time; returns the counts of HTTP statuses."""
    statuses: Counter[int] = Counter()
    generator = random.Random(seed)
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        while time.monotonic() < until:
            body = generator.choice(BODIES)
            statuses[client.post("/classify", json=body).status_code] += 1
    return statuses


def main() -> None:
    """Runs a warm-up of 30 seconds, then the test."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    with served({}) as server, ThreadPoolExecutor(CALLERS) as pool:

        def load(seconds: float) -> Counter[int]:
            until = time.monotonic() + seconds
            callers = [pool.submit(caller, server.url, seed, until) for seed in range(CALLERS)]
            return sum((each.result() for each in callers), Counter())

        load(30)
        before = memory_of(server.pid)
        statuses = load(options.minutes * 60)
        after = memory_of(server.pid)
    total = sum(statuses.values())
    print(f"{total} requests in {options.minutes:g} minutes: {dict(sorted(statuses.items()))}")
    print(f"memory of the process tree: {before / 1e6:.0f} MB before, {after / 1e6:.0f} MB after")


if __name__ == "__main__":
    main()
