"""The process of one engine, controlled by lines of JSON on standard input.

    python -m scripts.benchmarking.worker ENGINE

A line on standard input is a request, ``{"do": NAME, ...}``; a line on standard output its answer,
``{"ok": ...}`` or ``{"error": TEXT}``. It runs in the interpreter of the engine, so this module
needs only NumPy.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scripts.benchmarking.engines.engine import Batch, Engine


class Worker:
    """Answers requests for one engine."""

    def __init__(self, name: str) -> None:
        self._module = importlib.import_module(f"scripts.benchmarking.engines.{name}")
        self._engine: Engine | None = None
        self._prepared: dict[str, list[Any]] = {}

    @property
    def engine(self) -> Engine:
        """The engine, once it is loaded."""
        assert self._engine is not None, "load comes first"
        return self._engine

    def load(
        self, checkpoint: str, threads: int, cache: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        """Loads the checkpoint, bound to as many cores as there are threads."""
        cores = sorted(os.sched_getaffinity(0))[:threads]
        os.sched_setaffinity(0, cores)
        start = time.perf_counter()
        self._engine = self._module.load(Path(checkpoint), threads, Path(cache), options)
        return {
            "seconds": time.perf_counter() - start,
            "reads": self.engine.reads,
            "precision": self.engine.precision,
            "settings": dict(self.engine.settings),
            "cores": cores,
        }

    def prepare(self, workload: str, path: str) -> None:
        """Reads the batches of a workload from a JSON file."""
        batches = json.loads(Path(path).read_text(encoding="utf-8"))
        self._prepared[workload] = [
            self.engine.prepare(
                Batch(
                    np.array(batch["input_ids"], dtype=np.int64),
                    np.array(batch["lengths"], dtype=np.int64),
                    batch["texts"],
                )
            )
            for batch in batches
        ]

    def logits(self, workload: str) -> list[list[float]]:
        """Runs a workload once."""
        rows: list[list[float]] = []
        for prepared in self._prepared[workload]:
            rows += self.engine.run(prepared).tolist()
        return rows

    def time(
        self, workload: str, warmup_s: float, seconds: float, least_passes: int
    ) -> dict[str, Any]:
        """Times passes over all batches of a workload.

        Args:
            workload: Its name.
            warmup_s: Run that long untimed, a batch at least.
            seconds: Time passes for that long.
            least_passes: Time so many at least.

        Returns:
            Nanoseconds of each pass, and the CPU seconds of this process before and meanwhile.
        """
        batches = self._prepared[workload]
        before = time.process_time()
        self._warm_up(batches, warmup_s)
        run = self.engine.run
        nanoseconds: list[int] = []
        cpu = time.process_time()
        deadline = time.perf_counter() + seconds
        while len(nanoseconds) < least_passes or time.perf_counter() < deadline:
            start = time.perf_counter_ns()
            for prepared in batches:
                run(prepared)
            nanoseconds.append(time.perf_counter_ns() - start)
        return {
            "nanoseconds": nanoseconds,
            "cpu_s": time.process_time() - cpu,
            "warmup_cpu_s": cpu - before,
        }

    def _warm_up(self, batches: Sequence[Any], seconds: float) -> None:
        deadline = time.perf_counter() + seconds
        while True:
            for prepared in batches:
                self.engine.run(prepared)
                if time.perf_counter() >= deadline:
                    return

    def operators(self, workload: str) -> dict[str, float] | None:
        """Returns milliseconds by operator of the first batch of a workload."""
        found = self.engine.operators(self._prepared[workload][0])
        return None if found is None else dict(found)


def answer(worker: object, request: dict[str, Any]) -> dict[str, Any]:
    """Returns the answer to one request: the result of the method that it names."""
    method: Callable[..., Any] = getattr(worker, request.pop("do"))
    try:
        return {"ok": method(**request)}
    except Exception as error:  # the harness reports the error and continues with other engines
        return {"error": f"{type(error).__name__}: {error}"}


def serve(make: Callable[[], object]) -> None:
    """Makes a worker and serves requests until standard input ends."""
    # Libraries may print on standard output, so the answers get a separate descriptor.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = make()
    for line in sys.stdin:
        answers.write(json.dumps(answer(worker, json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(lambda: Worker(sys.argv[1]))
