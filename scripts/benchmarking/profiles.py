"""``--profile``: the time of a request by stage, and the time of a pass by operator.

A request to our server is divided by its ``Server-Timing`` header and by the remaining time:

- HTTP parse: the whole time of a request that is refused before it is tokenized (a blank text);
- tokenise, compute: as the server reports;
- transport: the reported queue time with a single caller, who waits for nobody else: the way to the
  model worker and back, and the worker's poll interval;
- queue: the queue time with several callers, less the transport;
- format: the rest: labels and JSON of the answer, and the event loop in between.

A pass is divided by each engine's own profiler; for ours see ``max_operators``.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from scripts.benchmarking.config import Config
from scripts.benchmarking.environments import interpreter
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.load import run_load
from scripts.benchmarking.load_generator import Outcome, Plan
from scripts.benchmarking.models import BenchmarkModel, find_model
from scripts.benchmarking.results import Profile, Results
from scripts.benchmarking.server_process import running
from scripts.benchmarking.servers import max_serve
from scripts.benchmarking.servers.server import Launch
from scripts.benchmarking.worker_process import WorkerFailed, loaded_worker, workload_file
from scripts.benchmarking.workloads import Workloads
from scripts.server_process import free_ports

CALLERS = (1, 16)
TEXTS = 64


def run_profiles(config: Config, results: Results) -> None:
    """Profiles every engine and our server; adds to ``profiles``."""
    for name in config.models:
        model = find_model(name)
        results.profiles += profile_engines(config, model, results)
        results.profiles += profile_requests(config, model)


def profile_engines(config: Config, model: BenchmarkModel, results: Results) -> list[Profile]:
    """Returns milliseconds by operator of every engine with a profiler, longest first."""
    found = []
    workloads = Workloads(model.directory, config.seed)
    with tempfile.TemporaryDirectory() as directory:
        for name, engine in config.engines.items():
            try:
                with loaded_worker(engine, model, config.threads) as (worker, loaded):
                    if loaded["reads"] != "tokens":
                        continue
                    for shape in config.profile_shapes:
                        path = workload_file(Path(directory), shape)
                        workloads.shape(shape).write(path)
                        worker.ask("prepare", workload=shape, path=str(path))
                        parts: dict[str, float] | None = worker.ask("operators", workload=shape)
                        if parts:
                            found.append(_profile(model, name, shape, parts))
            except (NotAvailable, WorkerFailed) as error:
                results.warnings.append(f"No profile of {name}, {model.name}: {error}")
    return found


def _profile(
    model: BenchmarkModel, subject: str, workload: str, parts: dict[str, float]
) -> Profile:
    return Profile(
        model=model.name,
        subject=subject,
        workload=workload,
        parts_ms=parts,
        total_ms=sum(parts.values()),
    )


def profile_requests(config: Config, model: BenchmarkModel) -> list[Profile]:
    """Returns milliseconds by stage of a request to our server, for one caller and for several."""
    port, spare_port = free_ports(2)
    server = max_serve.make(
        Launch(
            interpreter(max_serve.ENVIRONMENT),
            model.directory,
            port,
            spare_port,
            config.threads,
            model.cache,
            {},
        )
    )
    workloads = Workloads(model.directory, config.seed)
    texts = [workloads.text_of(config.load.tokens, index) for index in range(TEXTS)]
    plan = Plan(
        port=port,
        path=server.path,
        bodies=[json.dumps(server.body([text])) for text in texts],
        seconds=config.load.seconds,
        concurrency=1,
    )
    with running(server, port, texts[0]):
        run_load(replace(plan, seconds=config.load.warmup_s))
        refused = replace(plan, bodies=[json.dumps(server.body([" "]))], status=400)
        http_ms = fmean(run_load(refused).latencies_ms)
        outcomes = {each: run_load(replace(plan, concurrency=each)) for each in CALLERS}
    transport_ms = stage_ms(outcomes[1], "queue")
    return [
        _profile(
            model,
            "max-serve",
            f"{config.load.tokens} tokens, {callers} caller{'s' if callers > 1 else ''}",
            split(outcome, http_ms, transport_ms),
        )
        for callers, outcome in outcomes.items()
    ]


def split(outcome: Outcome, http_ms: float, transport_ms: float) -> dict[str, float]:
    """Returns mean milliseconds of a request by stage, in the order in which they happen.

    Args:
        outcome: Latencies of the requests, with the server's own timing.
        http_ms: Time of a request that is refused before it is tokenized.
        transport_ms: The reported queue time with a single caller.
    """
    queue_ms = stage_ms(outcome, "queue")
    stages = {
        "HTTP parse": http_ms,
        "tokenise": stage_ms(outcome, "tokenize"),
        "queue": max(0.0, queue_ms - transport_ms),
        "transport": min(queue_ms, transport_ms),
        "compute": stage_ms(outcome, "compute"),
    }
    rest = fmean(outcome.latencies_ms) - sum(stages.values())
    return stages | {"format, event loop": max(0.0, rest)}


def stage_ms(outcome: Outcome, name: str) -> float:
    """Returns the mean of a stage that the server reports."""
    return outcome.server_timing.get(name, 0.0) / max(1, len(outcome.latencies_ms))
