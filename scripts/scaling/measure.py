"""Measurement of passes on one core and on two, and of a server's processes under load."""

from __future__ import annotations

import json
import re
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scripts.benchmarking.config import EngineConfig
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.load import run_load
from scripts.benchmarking.load_generator import Plan
from scripts.benchmarking.machine import usable_cores
from scripts.benchmarking.models import BenchmarkModel
from scripts.benchmarking.worker_process import loaded_worker, workload_file
from scripts.benchmarking.workloads import Workloads
from scripts.process_memory import memory_of, process_tree
from scripts.scaling.figures import ServerFigures
from scripts.server_process import running

SEED = 0
WARMUP_S = 0.5
LEAST_PASSES = 20
TEXTS = 64
FLUSHED_S = 0.5
"""Seconds after which the metrics have all that was answered."""


def measure_passes(
    model: BenchmarkModel, precision: str, shapes: Sequence[str], cores: int, seconds: float
) -> dict[str, float]:
    """Returns the milliseconds of a pass of each shape on so many cores.

    Args:
        model: The checkpoint.
        precision: What it is computed in.
        shapes: Such as ``8x32``, sequences and tokens of each.
        cores: Cores; the engine's process binds itself to them.
        seconds: Time passes for so long, for each shape.

    Raises:
        NotAvailable: The engine does not load.
    """
    workloads = Workloads(model.directory, SEED)
    engine = EngineConfig(module="max_graph", options={"precision": precision})
    found = {}
    with (
        tempfile.TemporaryDirectory() as directory,
        loaded_worker(engine, model, cores) as (worker, loaded),
    ):
        if len(loaded["cores"]) != cores:
            raise NotAvailable(f"there are {len(loaded['cores'])} cores here, and not {cores}.")
        for shape in shapes:
            path = workload_file(Path(directory), shape)
            workloads.shape(shape).write(path)
            worker.ask("prepare", workload=shape, path=str(path))
            timed = worker.ask(
                "time",
                workload=shape,
                warmup_s=WARMUP_S,
                seconds=seconds,
                least_passes=LEAST_PASSES,
            )
            found[shape] = undisturbed(timed["nanoseconds"]) / 1e6
    return found


def undisturbed(times: Sequence[float]) -> float:
    """Returns the tenth percentile: others on the machine disturb fewer than the rest."""
    return sorted(times)[len(times) // 10]


def measure_server(
    model: BenchmarkModel, *, callers: int, tokens: int, seconds: float
) -> ServerFigures:
    """Starts a server, loads it and returns what its processes took.

    Args:
        model: The checkpoint.
        callers: Callers, each of which asks again on an answer.
        tokens: Tokens of a text.
        seconds: Duration of the load.

    Raises:
        NotAvailable: The server does not answer.
    """
    workloads = Workloads(model.directory, SEED)
    bodies = [json.dumps({"input": workloads.text_of(tokens, index)}) for index in range(TEXTS)]
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory), "--model", model.directory) as server,
    ):
        plan = Plan(server.port, "/classify", bodies, WARMUP_S, concurrency=callers)
        run_load(plan)
        worker = _worker(server.process.pid)
        before, batches = _cpu_s(server.process.pid), _batches(server.metrics_url)
        outcome = run_load(replace(plan, seconds=seconds))
        time.sleep(FLUSHED_S)
        used = {pid: cpu - before[pid] for pid, cpu in _cpu_s(server.process.pid).items()}
        answered = len(outcome.latencies_ms)
        if not answered:
            raise NotAvailable(f"the server answered nothing: {outcome.errors}")
        return ServerFigures(
            callers=callers,
            tokens=tokens,
            cores=usable_cores(),
            batch=_mean_batch(batches, _batches(server.metrics_url)),
            texts_per_second=answered / outcome.seconds,
            api_ms=sum(cpu for pid, cpu in used.items() if pid != worker) * 1000 / answered,
            worker_ms=used[worker] * 1000 / answered,
            memory_mb=memory_of(server.process.pid) / 1e6,
        )


def _batches(metrics_url: str) -> tuple[float, float]:
    """Returns the sum of the sizes of the batches of all texts so far, and the texts."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(metrics_url, timeout=60) as answer:
        page = answer.read().decode()
    total, count = (
        float(re.findall(rf"^sentiment_batch_size_{name} (\S+)$", page, re.MULTILINE)[0])
        for name in ("sum", "count")
    )
    return total, count


def _mean_batch(before: tuple[float, float], after: tuple[float, float]) -> int:
    total, count = (new - old for old, new in zip(before, after, strict=True))
    return max(1, round(total / max(1.0, count)))


def _cpu_s(pid: int) -> Mapping[int, float]:
    times = {each.pid: each.cpu_times() for each in process_tree(pid)}
    return {pid: each.user + each.system for pid, each in times.items()}


def _worker(pid: int) -> int:
    """Returns the model worker: the process that lowered its own priority."""
    return max(process_tree(pid)[1:], key=lambda each: (each.nice(), each.memory_info().rss)).pid
