"""Measures servers over HTTP, one at a time: started, checked, loaded and stopped in each round."""

from __future__ import annotations

import importlib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from scripts.benchmarking.config import Config, LoadConfig
from scripts.benchmarking.environments import interpreter
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.latency import corrected, percentiles
from scripts.benchmarking.load import run_load
from scripts.benchmarking.load_generator import Outcome, Plan
from scripts.benchmarking.machine import ForeignLoad
from scripts.benchmarking.models import BenchmarkModel, find_model
from scripts.benchmarking.paths import CORPUS
from scripts.benchmarking.progress import StepProgress
from scripts.benchmarking.reference import reference_logits
from scripts.benchmarking.results import LoadRecord, Results, ServerRecord
from scripts.benchmarking.server_process import ServerProcess, running
from scripts.benchmarking.servers.server import Launch, Server
from scripts.benchmarking.workloads import Workloads, read_corpus
from scripts.process_memory import PeakMemory
from scripts.server_process import free_ports

CHECKED_TEXTS = 64
SINGLE_TEXTS = 256
LISTS = 16
LEAST_AGREEMENT = 0.95
"""Share of labels that must be the reference's, for trained models; int8 flips a few."""


@dataclass(frozen=True)
class Load:
    """A load: its name, its requests, and how they are sent.

    Attributes:
        name: ``closed 16``, ``open 50/s``, ``lists of 64``.
        requests: Texts of each request, sent in turn.
        concurrency: See ``Plan``.
        rate: See ``Plan``.
    """

    name: str
    requests: Sequence[Sequence[str]]
    concurrency: int = 0
    rate: float = 0.0


def loads_of(config: LoadConfig, workloads: Workloads) -> list[Load]:
    """Returns the loads of a configuration, with their texts."""
    singles = [[workloads.text_of(config.tokens, index)] for index in range(SINGLE_TEXTS)]
    found = [Load(f"closed {each}", singles, each) for each in config.concurrency]
    found += [Load(f"open {each:g}/s", singles, rate=each) for each in config.rates]
    if config.list_size:
        texts = [each.text for each in read_corpus(CORPUS)]
        stream = [texts[index % len(texts)] for index in range(LISTS * config.list_size)]
        lists = [
            stream[start : start + config.list_size]
            for start in range(0, len(stream), config.list_size)
        ]
        name = f"lists of {config.list_size}"
        found.append(Load(name, lists, config.list_concurrency))
    return found


def run_servers(config: Config, results: Results, save: Callable[[Results], None]) -> None:
    """Measures every server of a configuration; adds to ``servers`` and ``loads``.

    Args:
        config: What to measure.
        results: The result to which figures are added.
        save: Called after each server, so that an interrupted run loses little.
    """
    models = [find_model(name) for name in config.server_models]
    settings = config.load
    steps = len(models) * settings.rounds * len(config.servers) * settings.kinds
    with StepProgress(steps) as progress:
        for model in models:
            _Rounds(config, model, results, progress, save).run()


class _Rounds:
    """Measurement of all servers with one model."""

    def __init__(
        self,
        config: Config,
        model: BenchmarkModel,
        results: Results,
        progress: StepProgress,
        save: Callable[[Results], None],
    ) -> None:
        self._config = config
        self._model = model
        self._results = results
        self._progress = progress
        self._save = save
        workloads = Workloads(model.directory, config.seed)
        self._loads = loads_of(config.load, workloads)
        self._texts = [each.text for each in read_corpus(CORPUS, CHECKED_TEXTS)]
        logits = reference_logits(model, workloads.tokenize(self._texts))
        self._reference = logits.argmax(-1).tolist()
        self._records = {
            name: ServerRecord(server=name, model=model.name) for name in config.servers
        }
        self._caches: dict[str, Path] = {}
        self._number = 0
        self._starts: dict[str, list[float]] = {name: [] for name in config.servers}
        self._shuffle = random.Random(f"{config.seed} {model.name} servers")

    def run(self) -> None:
        """Starts each server with empty caches, then measures all of them in rounds."""
        self._results.servers += self._records.values()
        with tempfile.TemporaryDirectory() as directory:
            if self._config.load.cold_start:
                for name in self._records:
                    # A cold start fills the caches, which makes the later starts warm.
                    self._caches[name] = Path(directory) / name
                    self._caches[name].mkdir()
                    self._guarded(name, self._cold_start)
            for number in range(self._config.load.rounds):
                self._round(number)
        for name, starts in self._starts.items():
            if starts:
                self._records[name].warm_start_s = statistics.median(starts)

    def _round(self, number: int) -> None:
        self._number = number
        names = [name for name, record in self._records.items() if record.unavailable is None]
        self._shuffle.shuffle(names)
        for name in names:
            self._guarded(name, self._measure)
            self._save(self._results)

    def _guarded(self, name: str, step: Callable[[str], None]) -> None:
        try:
            step(name)
        except (NotAvailable, OSError) as error:
            self._records[name].unavailable = str(error)

    def _launch(self, name: str) -> tuple[Server, int]:
        config = self._config.servers[name]
        module = importlib.import_module(f"scripts.benchmarking.servers.{config.module}")
        port, spare_port = free_ports(2)
        launch = Launch(
            python=interpreter(module.ENVIRONMENT),
            checkpoint=self._model.directory,
            port=port,
            spare_port=spare_port,
            threads=self._config.threads,
            cache=self._caches.get(name, self._model.cache),
            options=config.options,
        )
        server: Server = module.make(launch)
        return server, port

    def _cold_start(self, name: str) -> None:
        self._progress(f"{self._model.name}: cold start of {name}")
        server, port = self._launch(name)
        with running(server, port, self._texts[0]) as process:
            self._records[name].cold_start_s = process.seconds_to_answer

    def _measure(self, name: str) -> None:
        self._progress(f"{self._model.name}: starting {name}")
        server, port = self._launch(name)
        record = self._records[name]
        record.settings = {**server.settings, "command": " ".join(server.command)}
        with running(server, port, self._texts[0]) as process:
            # Without a cold start before it, the first start may itself be cold.
            if self._number or self._config.load.cold_start:
                self._starts[name].append(process.seconds_to_answer)
            self._check(record, process)
            record.idle_mb = process.memory_mb()
            order = list(self._loads)
            self._shuffle.shuffle(order)
            for load in order:
                self._progress(f"{self._model.name}: {name}, {load.name}")
                self._results.loads.append(self._load(name, server, port, process, load))
                self._progress("")
            if self._number == self._config.load.rounds - 1:
                with PeakMemory(process.pid) as peak:
                    for load in self._loads:
                        run_load(replace(self._plan(server, port, load), seconds=1.0))
                record.peak_mb = max(record.idle_mb, peak.bytes / 1e6)

    def _check(self, record: ServerRecord, process: ServerProcess) -> None:
        """Compares the server's labels with the reference's, and its model with the one wanted.

        Raises:
            NotAvailable: Too many differ, or it computes in another precision.
        """
        wrong = process.why_wrong()
        if wrong:
            raise NotAvailable(wrong)
        names = self._model.config["id2label"]
        given = [
            label if isinstance(label, str) else names[str(label)]
            for label in process.ask(self._texts)
        ]
        wanted = [names[str(label)] for label in self._reference]
        record.agreement = float(np.mean([a == b for a, b in zip(given, wanted, strict=True)]))
        if self._model.trained and record.agreement < LEAST_AGREEMENT:
            raise NotAvailable(f"only {record.agreement:.0%} of its labels are the reference's")

    def _plan(self, server: Server, port: int, load: Load) -> Plan:
        return Plan(
            port=port,
            path=server.path,
            bodies=[json.dumps(server.body(texts)) for texts in load.requests],
            seconds=self._config.load.seconds,
            concurrency=load.concurrency,
            rate=load.rate,
            seed=self._config.seed,
        )

    def _load(
        self, name: str, server: Server, port: int, process: ServerProcess, load: Load
    ) -> LoadRecord:
        plan = self._plan(server, port, load)
        if self._config.load.warmup_s:
            run_load(replace(plan, seconds=self._config.load.warmup_s))
        foreign, cpu, harness = ForeignLoad(), process.cpu_s(), time.process_time()
        outcome = run_load(plan)
        used = process.cpu_s() - cpu
        # The generator's own count leaves out the start of its interpreter.
        own = used + outcome.cpu_s + time.process_time() - harness
        texts = len(load.requests[0]) * len(outcome.latencies_ms)
        return LoadRecord(
            server=name,
            model=self._model.name,
            load=load.name,
            round=self._number,
            seconds=outcome.seconds,
            answered=len(outcome.latencies_ms),
            errors=outcome.errors,
            latency=percentiles(outcome.latencies_ms),
            corrected=percentiles(_without_omission(outcome, load)),
            texts_per_second=texts / outcome.seconds,
            cpu_ms=used * 1000 / max(1, len(outcome.latencies_ms)),
            generator_cpu=outcome.cpu_s / outcome.seconds,
            foreign=foreign.share(own),
        )


def _without_omission(outcome: Outcome, load: Load) -> Sequence[float]:
    """Returns latencies without coordinated omission.

    In a closed loop a caller is expected to ask again after the median latency; in an open loop
    nothing is omitted, because latencies count from when a request was due.
    """
    if load.rate or not outcome.latencies_ms:
        return outcome.latencies_ms
    interval = statistics.median(outcome.latencies_ms)
    return list(map(float, corrected(outcome.latencies_ms, interval)))
