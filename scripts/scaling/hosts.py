"""How many servers a host takes: its cores divided between one server or several."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.benchmarking.report_tables import Table
from scripts.scaling.figures import Figures

WORTH = 1.1
"""Times the texts of one server that several have to answer before they are worth their memory."""


@dataclass(frozen=True)
class Split:
    """A host's cores, divided between servers.

    Attributes:
        servers: Servers.
        cores: Cores of each; what is left over is used by none.
        memory_mb: Memory of all.
        texts_per_second: Texts that all answer a second.
        lone_ms: Milliseconds of the pass of a text that comes alone.
    """

    servers: int
    cores: int
    memory_mb: float
    texts_per_second: float
    lone_ms: float


def splits(figures: Figures, cores: int, room_mb: float = 0.0) -> list[Split]:
    """Returns the ways to divide a host, the one with most texts a second first.

    Args:
        figures: What was measured.
        cores: Cores of the host.
        room_mb: Memory of the host for servers; 0 for no bound.

    Raises:
        BenchmarkError: No server was measured.
    """
    server = figures.server_model()
    assert figures.server is not None
    lone, memory_mb = figures.pass_model(figures.server.lone), figures.server.memory_mb
    found = []
    for each in sorted({cores // count for count in range(1, cores + 1)}):
        count = cores // each
        if room_mb and count * memory_mb > room_mb:
            continue
        found.append(
            Split(
                servers=count,
                cores=each,
                memory_mb=count * memory_mb,
                texts_per_second=count * server.texts_per_second(each),
                lone_ms=lone.ms(each),
            )
        )
    return sorted(found, key=lambda split: split.texts_per_second, reverse=True)


def several_from(figures: Figures, most: int = 64) -> int | None:
    """Returns the least cores of a host with which several servers answer ``WORTH`` as many texts.

    None if one server is as good up to ``most``.
    """
    one = figures.server_model()
    return next(
        (
            cores
            for cores in range(2, most + 1)
            if splits(figures, cores)[0].texts_per_second >= WORTH * one.texts_per_second(cores)
        ),
        None,
    )


def table_of(found: list[Split], cores: int) -> Table:
    """Returns a row for each way to divide a host."""
    rows = [
        [
            f"{each.servers} x {each.cores}",
            f"{each.texts_per_second:.0f}",
            f"{each.memory_mb / 1000:.1f} GB",
            f"{each.lone_ms:.2f} ms",
        ]
        for each in found
    ]
    head = ["servers x cores", "texts/s", "memory", "pass of a lone text"]
    return Table(f"A host with {cores} cores", head, rows)
