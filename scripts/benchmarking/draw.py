"""Plots: latency against load, throughput against batch size, time by stage and operator.

    python -m scripts.benchmarking.draw DIRECTORY

Reads ``results.json`` there. It runs in the environment with matplotlib, which lacks pydantic, so
it reads the plain JSON.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

Json = dict[str, Any]
COLOURS = plt.get_cmap("tab10").colors


def unique(values: Iterable[str]) -> list[str]:
    """Returns values in the order of their first appearance."""
    return list(dict.fromkeys(values))


def save(figure: Any, directory: Path, name: str) -> None:
    """Writes a figure as PNG and SVG."""
    figure.tight_layout()
    for ending in ("png", "svg"):
        figure.savefig(directory / f"{name}.{ending}", dpi=120)
    plt.close(figure)


def throughput(results: Json, directory: Path) -> None:
    """Draws texts per second against batch size: a line per engine, a panel per length."""
    for model in unique(cell["model"] for cell in results["cells"]):
        cells = [
            cell
            for cell in results["cells"]
            if cell["model"] == model and "x" in cell["workload"] and "@" not in cell["workload"]
        ]
        lengths = sorted({int(cell["workload"].split("x")[1]) for cell in cells})
        if not lengths:
            continue
        figure, panels = plt.subplots(1, len(lengths), figsize=(4 * len(lengths), 4), squeeze=False)
        engines = unique(cell["engine"] for cell in cells)
        for panel, length in zip(panels[0], lengths, strict=True):
            for colour, engine in zip(COLOURS * 3, engines, strict=False):
                mine = [
                    cell
                    for cell in cells
                    if cell["engine"] == engine and cell["workload"].endswith(f"x{length}")
                ]
                points = sorted(
                    (c["batch"], c["sequences"] / c["ms"]["value"] * 1000) for c in mine
                )
                panel.plot(*zip(*points, strict=True), "o-", color=colour, label=engine)
            panel.set(title=f"{length} tokens", xlabel="batch", xscale="log", ylim=0)
        panels[0][0].set_ylabel("sequences a second")
        panels[0][-1].legend(fontsize=7)
        figure.suptitle(model)
        save(figure, directory, f"throughput-{slug(model)}")


def per_second(cell: Json) -> float:
    """Returns sequences per second."""
    return float(cell["sequences"] / cell["ms"]["value"] * 1000)


def latency(results: Json, directory: Path) -> None:
    """Draws p50 and p99 against callers and against arrivals per second: a line per server."""
    for model in unique(load["model"] for load in results["loads"]):
        figure, panels = plt.subplots(1, 2, figsize=(11, 4.5))
        for panel, kind, label in zip(
            panels, ("closed", "open"), ("callers", "requests a second"), strict=True
        ):
            loads = [
                load
                for load in results["loads"]
                if load["model"] == model and load["load"].startswith(kind)
            ]
            for colour, server in zip(
                COLOURS, unique(load["server"] for load in loads), strict=False
            ):
                mine = [load for load in loads if load["server"] == server]
                for percentile, style in (("p50", "o-"), ("p99", "x--")):
                    points = median_by_load(mine, percentile)
                    name = f"{server}, {percentile}"
                    panel.plot(*zip(*points, strict=True), style, color=colour, label=name)
            panel.set(xlabel=f"{label} ({kind} loop)", ylabel="ms", yscale="log")
        panels[0].legend(fontsize=7)
        figure.suptitle(f"Latency against load, {model}")
        save(figure, directory, f"latency-{slug(model)}")


def median_by_load(loads: list[Json], percentile: str) -> list[tuple[float, float]]:
    """Returns the median over rounds of a percentile, by callers or rate."""
    rounds: dict[float, list[float]] = {}
    for load in loads:
        place = float(load["load"].split()[1].removesuffix("/s"))
        value = load["latency"][percentile]
        if value is not None:
            rounds.setdefault(place, []).append(value)
    return sorted((place, statistics.median(values)) for place, values in rounds.items())


def stages(results: Json, directory: Path) -> None:
    """Draws a stacked bar per profile."""
    for model in unique(profile["model"] for profile in results["profiles"]):
        profiles = [profile for profile in results["profiles"] if profile["model"] == model]
        figure, panel = plt.subplots(figsize=(10, 0.8 + 0.7 * len(profiles)))
        for row, profile in enumerate(profiles):
            left = 0.0
            for colour, (part, ms) in zip(COLOURS * 9, profile["parts_ms"].items(), strict=False):
                share = ms / profile["total_ms"]
                panel.barh(row, share, left=left, color=colour, edgecolor="white")
                if share > 0.07:
                    panel.text(left + share / 2, row, part, ha="center", va="center", fontsize=6)
                left += share
        names = [f"{each['subject']}\n{each['workload']}" for each in profiles]
        panel.set_yticks(range(len(profiles)), names, fontsize=7)
        panel.set(xlabel="share of the time", xlim=(0, 1), title=model)
        panel.invert_yaxis()
        save(figure, directory, f"stages-{slug(model)}")


def slug(model: str) -> str:
    """Returns a model's name in a form for file names."""
    return Path(model).name


def main() -> None:
    """Draws every plot for which the result has figures."""
    directory = Path(sys.argv[1])
    results: Json = json.loads((directory / "results.json").read_text(encoding="utf-8"))
    throughput(results, directory)
    latency(results, directory)
    stages(results, directory)


if __name__ == "__main__":
    main()
