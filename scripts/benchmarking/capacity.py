"""Number of replicas for a load, and the division of a host, computed from what was measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.report_tables import Table, unique
from scripts.benchmarking.reports import markdown_tables
from scripts.benchmarking.results import LoadRecord, Results
from scripts.scaling import figures as scaling
from scripts.scaling.hosts import splits, table_of

SERVER, MODEL, TEXTS_PER_SECOND, UTILISATION = "max-serve", "embedded", 1000.0, 0.6

FULL = 0.8
"""Share of the machine's cores that a load has to keep busy to tell what they can do."""


@dataclass(frozen=True)
class Capacity:
    """Throughput and processor use of a server under one load: medians over the rounds.

    Attributes:
        load: Name of the load.
        rounds: Rounds measured.
        texts_per_second: Texts answered a second, by all cores.
        cores: Cores of the machine, as Kubernetes counts them: hardware threads.
        busy_cores: Cores that the server kept busy.
        failed: Answers other than 200 and broken connections, over all answers, 0 to 1.
    """

    load: str
    rounds: int
    texts_per_second: float
    cores: int
    busy_cores: float
    failed: float

    @property
    def per_core(self) -> float:
        """Texts per second of one core."""
        return self.texts_per_second / self.cores

    def replicas(self, texts_per_second: float, utilisation: float, cores: float) -> float:
        """Returns the number of replicas that a load needs, not rounded.

        Args:
            texts_per_second: The load.
            utilisation: Share of a replica's capacity that is used, 0 to 1.
            cores: Cores of a replica.
        """
        return texts_per_second / (self.per_core * cores * utilisation)


def capacities(results: Results, server: str, model: str) -> list[Capacity]:
    """Returns the throughput of a server under each load, the highest first.

    Raises:
        BenchmarkError: The result has nothing of this server with this model.
    """
    loads = [each for each in results.loads if (each.server, each.model) == (server, model)]
    if not loads:
        there = unique(f"{each.server} with {each.model}" for each in results.loads)
        raise BenchmarkError(
            f"the result has no load of {server} with {model}, but of "
            f"{', '.join(there) or 'none'}. Measure it: "
            "./scripts/benchmark --config published --only servers --output DIRECTORY"
        )
    machine = results.machine
    cores = int(machine.get("logical_cpus", machine["cores"]))
    found = [
        _capacity([each for each in loads if each.load == name], cores)
        for name in unique(each.load for each in loads)
    ]
    return sorted(found, key=lambda each: each.texts_per_second, reverse=True)


def _capacity(rounds: Sequence[LoadRecord], cores: int) -> Capacity:
    failed = sum(sum(each.errors.values()) for each in rounds)
    return Capacity(
        load=rounds[0].load,
        rounds=len(rounds),
        texts_per_second=statistics.median(each.texts_per_second for each in rounds),
        cores=cores,
        busy_cores=statistics.median(
            each.cpu_ms * each.answered / each.seconds / 1000 for each in rounds
        ),
        failed=failed / max(1, failed + sum(each.answered for each in rounds)),
    )


def peak_mb(results: Results, server: str, model: str) -> float | None:
    """Returns the peak memory of a server in MB; None if it was not measured."""
    return next(
        (each.peak_mb for each in results.servers if (each.server, each.model) == (server, model)),
        None,
    )


def table(found: Sequence[Capacity], title: str) -> Table:
    """Returns a row for each load."""
    head = ["load", "texts/s", "texts/s a core", "cores busy"]
    rows = [
        [
            each.load,
            f"{each.texts_per_second:.0f}",
            f"{each.per_core:.0f}",
            f"{each.busy_cores:.1f} of {each.cores}",
        ]
        for each in found
    ]
    return Table(title, head, rows)


def advice(
    found: Capacity,
    results: Results,
    memory_mb: float | None,
    *,
    texts_per_second: float,
    utilisation: float,
    cores: float,
) -> list[str]:
    """Returns, as lines of text, the replicas for a load and the uncertainty of the estimate."""
    exactly = found.replicas(texts_per_second, utilisation, cores)
    count = max(1, math.ceil(exactly))
    texts = f", texts of {results.config['load']['tokens']} tokens"
    lines = [
        f"{texts_per_second:g} texts/s like `{found.load}`"
        f"{'' if found.load.startswith('lists') else texts}, at {utilisation:.0%} of "
        f"{found.per_core:.0f} texts/s a core (median of {found.rounds} rounds): "
        f"{count} replicas of {cores:g} cores ({exactly:.2f}), and one more for when one is away.",
        "The time of a text grows with its tokens.",
    ]
    if memory_mb is None:
        lines.append("Memory was not measured: the result has no peak of this server.")
    else:
        lines.append(
            f"Memory: {memory_mb:.0f} MB a replica at its peak under these loads, "
            f"{count * memory_mb / 1000:.1f} GB in all."
        )
    if cores != found.cores:
        lines.append(f"Measured with {found.cores} cores; {cores:g} are taken to do as much each.")
    if found.busy_cores < FULL * found.cores:
        lines.append(
            f"This load kept {found.busy_cores:.1f} of {found.cores} cores busy: a core does more "
            "than this."
        )
    if found.failed:
        lines.append(f"{found.failed:.1%} of its requests failed or were refused.")
    return lines


def capacity_lines(
    results: Results,
    server: str = SERVER,
    model: str = MODEL,
    *,
    load: str | None = None,
    texts_per_second: float = TEXTS_PER_SECOND,
    utilisation: float = UTILISATION,
    cores: float | None = None,
) -> list[str]:
    """Returns, as lines of Markdown, the throughput of a core and the replicas for a load.

    Args:
        results: A result with this server under load.
        server: Name of the server.
        model: Name of the model.
        load: Name of the measured load to compute with; the one with most texts per second by
            default.
        texts_per_second: The load to serve.
        utilisation: Share of a replica's capacity that is used, 0 to 1.
        cores: Cores of a replica; the measured number by default.

    Raises:
        BenchmarkError: The result has no such server, model or load.
    """
    found = capacities(results, server, model)
    chosen = next((each for each in found if load in (None, each.load)), None)
    if chosen is None:
        names = ", ".join(each.load for each in found)
        raise BenchmarkError(f"--load: {load!r} is not in the result; there are {names}.")
    lines = advice(
        chosen,
        results,
        peak_mb(results, server, model),
        texts_per_second=texts_per_second,
        utilisation=utilisation,
        cores=cores or chosen.cores,
    )
    return [*markdown_tables([table(found, f"Capacity of {server}, {model}")]), *lines]


def host_lines(figures: scaling.Figures, cores: int, room_gb: float | None = None) -> list[str]:
    """Returns, as lines of Markdown, the ways to divide a host between servers.

    Args:
        figures: What was measured of how a server scales.
        cores: Cores of the host.
        room_gb: Gigabytes for servers; None for as many as they take.

    Raises:
        BenchmarkError: No server was measured, or not even one has room.
    """
    server = figures.server
    if server is None:
        raise BenchmarkError("--scaling: no server was measured. Run python -m scripts.scaling.")
    found = splits(figures, cores, (room_gb or 0.0) * 1000)
    if not found:
        raise BenchmarkError(
            f"--host-gb: {room_gb:g} GB, and a server takes {server.memory_mb / 1000:.2f}."
        )
    best = found[0]
    return [
        *markdown_tables([table_of(found, cores)]),
        f"{best.servers} server{'s' * (best.servers > 1)} of {best.cores} "
        f"core{'s' * (best.cores > 1)}: {best.texts_per_second:.0f} texts/s of {server.tokens} "
        f"tokens, one a request, by {figures.model} in {figures.precision} on "
        f"{figures.machine['cpu']}; {best.memory_mb / 1000:.1f} GB.",
        "Computed from passes on one core and on two, see docs/scaling.md: more than "
        f"{server.cores} were not measured.",
    ]
