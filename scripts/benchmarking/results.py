"""The result of a run: one JSON document, from which all reports are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from scripts.benchmarking.config import Repetitions
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.statistics import Bootstrap

SCHEMA = 1


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Interval(_Record):
    """A median and its bootstrap interval."""

    value: float
    low: float
    high: float


class Check(_Record):
    """Comparison of an engine's logits and labels with the reference.

    Attributes:
        texts: Number of compared texts.
        largest_difference: Largest difference of a logit from the float64 reference; None for
            engines without logits.
        agreement: Share of labels equal to the reference's, 0 to 1.
    """

    texts: int
    largest_difference: float | None
    agreement: float


class EngineRecord(_Record):
    """An engine with one model.

    Attributes:
        model: Name of the model.
        engine: Name in the configuration.
        unavailable: Reason why it was not measured; None if it was.
        precision: Precision of its products.
        load_s: Seconds to load, in this run's first process.
        settings: Versions, options and threads.
        check: Comparison of its answers with the reference.
        accuracy: Share of true labels on each corpus, 0 to 1; empty for untrained models.
    """

    model: str
    engine: str
    unavailable: str | None = None
    precision: str = ""
    load_s: float = 0.0
    settings: dict[str, Any] = {}
    check: Check | None = None
    accuracy: dict[str, float] = {}


class Turn(_Record):
    """An engine's turn at a workload in one round.

    Attributes:
        round: Number of the round.
        place: Place in the random order of that round.
        passes: Number of timed passes.
        median_ms: Median time of a pass.
        p10_ms: 10th percentile of the times.
        p90_ms: 90th percentile of the times.
        cpu_ms: CPU milliseconds per pass, of all threads.
        foreign: Share of the machine that other processes used meanwhile, 0 to 1.
    """

    round: int
    place: int
    passes: int
    median_ms: float
    p10_ms: float
    p90_ms: float
    cpu_ms: float
    foreign: float


class Cell(_Record):
    """An engine at a workload.

    Attributes:
        model: Name of the model.
        engine: Name of the engine.
        workload: Name of the workload.
        family: The shape, or the corpus.
        batch: Rows of a batch.
        sequences: Rows of a pass.
        tokens: Real tokens of a pass.
        ms: Time of a pass: the median over rounds of each round's median.
        ratio: Time divided by the baseline's in the same round; below 1 is faster.
        floor_ms: The least possible time in the engine's precision; None if unknown.
        turns: One per round.
        latency: Percentiles ``p50``, ``p90``, ``p95``, ``p99`` and ``max`` of the milliseconds of
            all passes of all rounds; empty in results without percentiles.
    """

    model: str
    engine: str
    workload: str
    family: str
    batch: int
    sequences: int
    tokens: int
    ms: Interval
    ratio: Interval | None
    floor_ms: float | None
    turns: list[Turn]
    latency: dict[str, float] = {}

    @property
    def passes(self) -> int:
        """Number of passes timed in all rounds."""
        return sum(turn.passes for turn in self.turns)

    @property
    def per_second(self) -> float:
        """Sequences per second."""
        return self.sequences / self.ms.value * 1000

    @property
    def of_possible(self) -> float | None:
        """Floor divided by time, 0 to 1; None if the floor is unknown."""
        return None if self.floor_ms is None else self.floor_ms / self.ms.value


class LoadRecord(_Record):
    """A server under one load in one round; latencies in milliseconds.

    Attributes:
        server: Name of the server.
        model: Name of the model.
        load: ``closed 16``, ``open 50/s`` or ``lists of 64``.
        round: Number of the round.
        seconds: Seconds measured.
        answered: Requests answered with status 200.
        errors: Other answers and broken connections, by kind.
        latency: Percentiles ``p50``, ``p90``, ``p95``, ``p99`` and ``max``; open loop from the
            intended arrival, closed loop as each caller saw it.
        corrected: The same, corrected for coordinated omission.
        texts_per_second: Texts answered per second.
        cpu_ms: CPU milliseconds per request of the server's process tree.
        generator_cpu: CPU seconds per second of the load generator.
        foreign: Share of the machine that other processes used meanwhile.
    """

    server: str
    model: str
    load: str
    round: int
    seconds: float
    answered: int
    errors: dict[str, int]
    latency: dict[str, float]
    corrected: dict[str, float]
    texts_per_second: float
    cpu_ms: float
    generator_cpu: float
    foreign: float


class ServerRecord(_Record):
    """A server with one model.

    Attributes:
        server: Name of the server.
        model: Name of the model.
        unavailable: Reason why it was not measured; None if it was.
        settings: Versions, options and threads.
        cold_start_s: Seconds from start to the first answer with empty caches; None: not measured.
        warm_start_s: The same with filled caches.
        idle_mb: Memory of the process tree after the first answers; shared pages count once.
        peak_mb: Peak memory under load.
        agreement: Share of labels equal to the reference's, checked before the load.
    """

    server: str
    model: str
    unavailable: str | None = None
    settings: dict[str, Any] = {}
    cold_start_s: float | None = None
    warm_start_s: float | None = None
    idle_mb: float | None = None
    peak_mb: float | None = None
    agreement: float | None = None


class Profile(_Record):
    """Time of a request or pass, divided into its parts.

    Attributes:
        model: Name of the model.
        subject: A server or an engine.
        workload: Name of the workload.
        parts_ms: Milliseconds by stage or operator, longest first or in order of the request.
        total_ms: Milliseconds of the whole.
    """

    model: str
    subject: str
    workload: str
    parts_ms: dict[str, float]
    total_ms: float


class Results(_Record):
    """The result of a run.

    Attributes:
        schema_version: Version of this format.
        created: Time of the run, ISO 8601 in UTC.
        commit: Commit of the repository, with ``+`` if files differed from it.
        command: The command line.
        config: The configuration, defaults filled in.
        machine: See ``machine.describe_machine``.
        peaks: Measured limits of the machine.
        engines: Engines, including those that could not run.
        cells: Engines at workloads.
        servers: Servers.
        loads: Servers under load.
        profiles: Profiles, if ``--profile`` was given.
        warnings: Conditions that make the figures less reliable.
    """

    schema_version: int = SCHEMA
    created: str
    commit: str
    command: str
    config: dict[str, Any]
    machine: dict[str, Any]
    peaks: dict[str, Any] = {}
    engines: list[EngineRecord] = []
    cells: list[Cell] = []
    servers: list[ServerRecord] = []
    loads: list[LoadRecord] = []
    profiles: list[Profile] = []
    warnings: list[str] = []

    def write(self, path: Path) -> None:
        """Writes the JSON document."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def best_cells(self) -> list[Cell]:
        """Returns one cell for each model, engine and family: for a corpus, its best batch.

        The ratio is then to the baseline at the baseline's own best batch, paired by round.
        """
        best: dict[tuple[str, str, str], Cell] = {}
        for cell in self.cells:
            key = (cell.model, cell.family, cell.engine)
            if key not in best or cell.ms.value < best[key].ms.value:
                best[key] = cell
        found = []
        for (model, family, _), cell in best.items():
            baseline = best.get((model, family, self.config.get("baseline", "")))
            if baseline is not None and cell.workload != cell.family:
                cell = cell.model_copy(update={"ratio": self._ratio(cell, baseline)})
            found.append(cell)
        return found

    @property
    def bootstrap(self) -> Bootstrap:
        """The bootstrap of this result's intervals, as its configuration sets it."""
        repetitions = Repetitions.model_validate(self.config.get("repetitions", {}))
        return Bootstrap(
            repetitions.resamples, repetitions.confidence, int(self.config.get("seed", 0))
        )

    def variants(self, kind: Literal["engines", "servers"], name: str) -> list[str]:
        """Returns the name of an engine or a server, and the names of its variants."""
        configured = self.config.get(kind, {})
        found = [each for each, table in configured.items() if table.get("variant_of") == name]
        return [name, *found]

    def _ratio(self, cell: Cell, baseline: Cell) -> Interval:
        found = self.bootstrap.ratio(
            [turn.median_ms for turn in cell.turns], [turn.median_ms for turn in baseline.turns]
        )
        return Interval(value=found.value, low=found.low, high=found.high)


def read_results(path: Path) -> Results:
    """Reads a JSON document of ``Results.write``.

    Raises:
        BenchmarkError: It is not a result, or has another version.
    """
    try:
        return Results.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BenchmarkError(
            f"{path} is no result of version {SCHEMA}: {where}: {first['msg']}."
        ) from None
