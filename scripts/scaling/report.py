"""What is printed of the figures."""

from __future__ import annotations

from scripts.benchmarking.report_tables import Table
from scripts.benchmarking.reports import markdown_tables
from scripts.scaling.figures import Figures
from scripts.scaling.hosts import WORTH, several_from

CORES = (1, 2, 4, 8, 16, 32)


def report(figures: Figures) -> list[str]:
    """Returns, as lines of Markdown, what was measured and what the model makes of it."""
    machine = figures.machine
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores; {figures.model}, {figures.precision}.",
        "",
        *markdown_tables([_costs(figures), _times(figures), _efficiencies(figures)]),
    ]
    if figures.server is not None:
        lines += _server(figures)
    return lines


def _costs(figures: Figures) -> Table:
    costs = figures.costs
    rows = [
        ["wake of both cores", f"{costs.wake / 1000:.2f}"],
        ["a core more to wake", f"{costs.task / 1000:.2f}"],
        ["a phase", f"{costs.phase / 1000:.2f}"],
        ["a piece", f"{costs.piece / 1000:.2f}"],
    ]
    return Table("Sharing work between two cores costs", ["what", "microseconds"], rows)


def _times(figures: Figures) -> Table:
    rows = []
    for shape, (one, two) in figures.passes.items():
        model = figures.pass_model(shape)
        rest = f"{model.rest_ms:.2f} ms"
        rows.append([shape, f"{one:.2f} ms", f"{two:.2f} ms", f"{one / two:.2f}x", rest])
    head = ["shape", "one core", "two cores", "speed-up", "of it on one core"]
    return Table("Passes, measured", head, rows)


def _efficiencies(figures: Figures) -> Table:
    rows = []
    for shape in figures.passes:
        model = figures.pass_model(shape)
        rows.append([shape, *(f"{model.efficiency(cores):.0%}" for cores in CORES)])
    head = ["shape", *(f"{cores} core{'s' * (cores > 1)}" for cores in CORES)]
    return Table("Efficiency of a pass: 1 and 2 measured, the rest computed", head, rows)


def _server(figures: Figures) -> list[str]:
    server = figures.server
    assert server is not None
    model = figures.server_model()
    computed = model.texts_per_second(server.cores)
    bound, several = model.api_bound_from(), several_from(figures)
    return [
        f"Server, {server.callers} callers, texts of {server.tokens} tokens: the API process takes "
        f"{server.api_ms:.2f} ms of CPU time for a text and the model worker "
        f"{server.worker_ms:.2f}; {server.texts_per_second:.0f} texts/s measured with "
        f"{server.cores} cores, {computed:.0f} computed.",
        f"The API process alone bounds a server at {1000 / server.api_ms:.0f} texts/s, "
        f"{'never reached' if bound is None else f'from {bound} cores on'}.",
        "Several servers "
        + (
            "are never worth it."
            if several is None
            else f"answer {WORTH:g} times as many texts as one from {several} cores on."
        ),
    ]
