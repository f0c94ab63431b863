"""Measures engines in process (without HTTP), taking turns in random order."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from scripts.benchmarking.config import Config
from scripts.benchmarking.errors import NotAvailable
from scripts.benchmarking.floors import Peaks, floor_ms
from scripts.benchmarking.latency import percentiles
from scripts.benchmarking.machine import ForeignLoad
from scripts.benchmarking.models import BenchmarkModel
from scripts.benchmarking.reference import reference_logits, why_wrong
from scripts.benchmarking.results import Cell, Check, EngineRecord, Interval, Turn
from scripts.benchmarking.statistics import Bootstrap, Estimate
from scripts.benchmarking.worker_process import (
    WorkerFailed,
    WorkerProcess,
    loaded_worker,
    workload_file,
)
from scripts.benchmarking.workloads import Workload, Workloads, read_corpus

Report = Callable[[str], None]

COMPARED_ROWS = 4
"""Rows of a fixed shape whose logits are compared with the reference."""


@dataclass
class InProcess:
    """Measurement of the engines of a configuration with one model.

    Args:
        config: What to measure.
        model: The checkpoint.
        directory: Where workloads are written for the workers.
        report: Called with a line of text at the start of each step, and with "" after each turn.

    Attributes:
        engines: The result of loading and checking each engine.
        cells: The measurements.
    """

    config: Config
    model: BenchmarkModel
    directory: Path
    report: Report
    engines: list[EngineRecord] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def run(self, threads: int) -> None:
        """Loads, checks and times every engine; fills ``engines`` and ``cells``."""
        workloads = self.workloads()
        for workload in workloads:
            workload.write(workload_file(self.directory, workload.name))
        with ExitStack() as stack:
            workers: dict[str, WorkerProcess] = {}
            records: dict[str, EngineRecord] = {}
            for name, engine in self.config.engines.items():
                self.report(f"{self.model.name}: loading {name}")
                record = EngineRecord(model=self.model.name, engine=name)
                self.engines.append(record)
                try:
                    worker, loaded = stack.enter_context(loaded_worker(engine, self.model, threads))
                    self._check(record, worker, loaded, workloads)
                except (NotAvailable, WorkerFailed) as error:
                    record.unavailable = str(error)
                else:
                    workers[name], records[name] = worker, record
            for workload in workloads:
                self._time(workload, workers, records)

    def workloads(self) -> list[Workload]:
        """Returns the workloads of the configuration, tokenized for the model."""
        make = Workloads(self.model.directory, self.config.seed)
        found = [make.shape(shape) for shape in self.config.shapes]
        for name, corpus in self.config.corpora.items():
            found += [make.corpus(name, corpus, batch) for batch in corpus.batches]
        return found

    def set_floors(self, peaks: Peaks) -> None:
        """Fills in the floor of each cell, once the limits of the machine are known."""
        workloads = {workload.name: workload for workload in self.workloads()}
        precisions = {record.engine: record.precision for record in self.engines}
        for cell in self.cells:
            workload, precision = workloads[cell.workload], precisions[cell.engine]
            cell.floor_ms = floor_ms(self.model.config, workload, precision, peaks)

    def _check(
        self,
        record: EngineRecord,
        worker: WorkerProcess,
        loaded: Mapping[str, Any],
        workloads: Sequence[Workload],
    ) -> None:
        """Compares an engine's logits with the reference, and its labels with the true ones."""
        record.load_s = loaded["seconds"]
        record.precision = loaded["precision"]
        record.settings = {**loaded["settings"], "cores": loaded["cores"]}
        compared: list[tuple[np.ndarray, np.ndarray]] = []
        counted: set[str] = set()
        for workload in workloads:
            if not applies(workload, record.precision):
                continue
            path = workload_file(self.directory, workload.name)
            worker.ask("prepare", workload=workload.name, path=str(path))
            if workload.family in counted:
                continue
            counted.add(workload.family)
            logits = np.array(worker.ask("logits", workload=workload.name))
            # The reference is slow: it computes whole corpora, but few rows of a fixed shape.
            few = None if workload.order else COMPARED_ROWS
            sequences = sequences_of(workload)[:few]
            compared.append((logits[:few], reference_logits(self.model, sequences)))
            if workload.order and self.model.trained:
                record.accuracy[workload.family] = self._accuracy(workload, logits)
        if not compared:
            raise NotAvailable("the configuration has no labelled texts for it")
        record.check = compare_logits(compared, with_difference=record.precision != "none")
        reference = np.concatenate([each for _, each in compared])
        wrong = why_wrong(
            record.precision,
            record.check.largest_difference,
            float(np.ptp(reference)),
            record.check.agreement,
            trained=self.model.trained,
        )
        if wrong:
            raise NotAvailable(wrong)

    def _accuracy(self, workload: Workload, logits: np.ndarray) -> float:
        corpus = self.config.corpora[workload.family]
        labels = [each.label for each in read_corpus(corpus.file, corpus.limit)]
        right = logits.argmax(-1) == np.array(labels)[list(workload.order)]
        return float(right.mean())

    def _time(
        self,
        workload: Workload,
        workers: Mapping[str, WorkerProcess],
        records: Mapping[str, EngineRecord],
    ) -> None:
        """Gives every engine a turn in every round, in random order."""
        repetitions = self.config.repetitions
        shuffle = random.Random(f"{self.config.seed} {self.model.name} {workload.name}")
        turns: dict[str, list[Turn]] = {name: [] for name in workers}
        passes: dict[str, list[float]] = {name: [] for name in workers}
        for number in range(repetitions.rounds):
            order = [name for name in workers if applies(workload, records[name].precision)]
            shuffle.shuffle(order)
            for place, name in enumerate(order):
                self.report(f"{self.model.name} {workload.name}: {name}")
                try:
                    turn, milliseconds = self._turn(workers[name], workload.name)
                except WorkerFailed as error:
                    records[name].unavailable = f"at {workload.name}: {error}"
                else:
                    turns[name].append(turn.model_copy(update={"round": number, "place": place}))
                    passes[name] += milliseconds
                self.report("")
        complete = {name: done for name, done in turns.items() if len(done) == repetitions.rounds}
        for name, done in complete.items():
            cell = self._cell(workload, name, done, complete)
            cell.latency = percentiles(passes[name])
            self.cells.append(cell)

    def _turn(self, worker: WorkerProcess, workload: str) -> tuple[Turn, list[float]]:
        """Runs one turn of an engine; returns it and the milliseconds of each of its passes."""
        repetitions = self.config.repetitions
        foreign = ForeignLoad()
        harness = time.process_time()
        timed = worker.ask(
            "time",
            workload=workload,
            warmup_s=repetitions.warmup_s,
            seconds=repetitions.turn_s,
            least_passes=repetitions.least_passes,
        )
        own = timed["cpu_s"] + timed["warmup_cpu_s"] + time.process_time() - harness
        milliseconds = np.array(timed["nanoseconds"]) / 1e6
        p10, median, p90 = np.quantile(milliseconds, [0.1, 0.5, 0.9])
        turn = Turn(
            round=0,
            place=0,
            passes=len(milliseconds),
            median_ms=median,
            p10_ms=p10,
            p90_ms=p90,
            cpu_ms=timed["cpu_s"] * 1000 / len(milliseconds),
            foreign=foreign.share(own),
        )
        return turn, milliseconds.tolist()

    def _cell(
        self,
        workload: Workload,
        name: str,
        turns: list[Turn],
        all_turns: Mapping[str, list[Turn]],
    ) -> Cell:
        repetitions = self.config.repetitions
        bootstrap = Bootstrap(repetitions.resamples, repetitions.confidence, self.config.seed)
        milliseconds = [turn.median_ms for turn in turns]
        baseline = all_turns.get(self.config.baseline)
        ratio = (
            interval(bootstrap.ratio(milliseconds, [turn.median_ms for turn in baseline]))
            if baseline
            else None
        )
        return Cell(
            model=self.model.name,
            engine=name,
            workload=workload.name,
            family=workload.family,
            batch=len(workload.batches[0].lengths),
            sequences=workload.sequences,
            tokens=workload.tokens,
            ms=interval(bootstrap.median(milliseconds)),
            ratio=ratio,
            floor_ms=None,
            turns=turns,
        )


def applies(workload: Workload, precision: str) -> bool:
    """Returns whether an engine is measured at a workload: a word list with real texts only."""
    return bool(workload.order) or precision != "none"


def interval(estimate: Estimate) -> Interval:
    """Returns an estimate in the form that results record."""
    return Interval(value=estimate.value, low=estimate.low, high=estimate.high)


def sequences_of(workload: Workload) -> list[list[int]]:
    """Returns the rows of a workload without their padding."""
    return [
        row[:length].tolist()
        for batch in workload.batches
        for row, length in zip(batch.input_ids, batch.lengths, strict=True)
    ]


def compare_logits(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], *, with_difference: bool
) -> Check:
    """Returns the comparison of logits with the reference's.

    Args:
        pairs: Logits and reference, ``(rows, labels)`` each.
        with_difference: Both are logits of the same model, so their difference is meaningful.
    """
    logits = np.concatenate([each for each, _ in pairs])
    reference = np.concatenate([each for _, each in pairs])
    return Check(
        texts=len(logits),
        largest_difference=float(np.abs(logits - reference).max()) if with_difference else None,
        agreement=float((logits.argmax(-1) == reference.argmax(-1)).mean()),
    )
