"""A recommendation as text for a terminal, and as JSON."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from distilbert_sentiment_arch.recommend.figures import Figures
from distilbert_sentiment_arch.recommend.intervals import CONFIDENCE, Estimate
from distilbert_sentiment_arch.recommend.request import Goal, Prices, RecommendRequest
from distilbert_sentiment_arch.recommend.result import Recommendation, Row

_GOALS: dict[Goal, str] = {
    "latency": "a lone request is answered soonest (its median)",
    "throughput": "most texts a second",
    "cost": "least to pay for a text",
}

_HEAD = ("settings", "callers", "labels", "texts/s", "p50 ms", "p99 ms", "MB", "why not")


def command_line(request: RecommendRequest, flags: Sequence[str], name: str = "serve") -> str:
    """Returns the command line of the server, or of another command with its model."""
    command = ["max-sentiment", name]
    if request.model is not None:
        command += ["--model", request.model]
    if request.revision is not None:
        command += ["--revision", request.revision]
    return shlex.join([*command, *flags])


def as_text(made: Recommendation) -> str:
    """Returns the recommendation: the command, what to expect, and a table of all settings."""
    request, figures = made.request, made.figures
    callers = "1 caller" if made.callers == 1 else f"{made.callers} callers"
    texts = "1 text" if request.texts_per_request == 1 else f"{request.texts_per_request} texts"
    lines = [
        command_line(request, made.flags),
        "",
        f"goal        {request.goal}: {_goal(request)}",
        f"load        {callers}, {texts} a request; {made.texts}",
        f"machine     {made.machine}",
        f"texts/s     {_shown(figures.texts_per_second)}",
        f"p50         {_shown(figures.p50_ms, ' ms')}",
        f"p99         {_shown(figures.p99_ms, ' ms')}",
    ]
    if figures.memory_mb is not None:
        lines.append(f"memory      {_shown(figures.memory_mb, ' MB')}: most, and from rest to most")
    if request.goal == "cost":
        lines.append(f"cost        {_shown(figures.cost)} {_unit(request.prices)}")
    lines += [
        f"In brackets: {CONFIDENCE:.0%} confidence, from {figures.requests} requests over HTTP.",
        "",
        *_table([_cells(row) for row in made.rows]),
        "",
        "* without a server: settings that were screened, and the server of none was started.",
        f"Took {made.seconds:.0f} s. {_remembered(made)}",
    ]
    return "\n".join(lines) + "\n"


def as_json(made: Recommendation) -> str:
    """Returns the recommendation as a JSON object; the texts themselves are left out."""
    values: dict[str, Any] = asdict(made)
    del values["request"]["texts"]
    values["confidence"] = CONFIDENCE
    values["command"] = command_line(made.request, made.flags)
    for row in values["rows"]:
        row["recommended"] = not row["reason"]
    return json.dumps(values, indent=2) + "\n"


def _goal(request: RecommendRequest) -> str:
    if request.p99_ms is None:
        return _GOALS[request.goal]
    what = _GOALS["throughput" if request.goal == "latency" else request.goal]
    return f"{what}, with a p99 of at most {request.p99_ms:g} ms"


def _unit(prices: Prices) -> str:
    if prices == Prices(accelerator=prices.accelerator):
        return "core-hours for a million texts"
    return f"for a million texts, at {prices.core:g} a core-hour and {prices.gigabyte:g} a GB-hour"


def _remembered(made: Recommendation) -> str:
    if made.remembered:
        return "Remembered: max-sentiment serve --auto uses it."
    return "Not remembered: max-sentiment serve --auto does not know it."


def _shown(estimate: Estimate, unit: str = "") -> str:
    high = "unknown" if estimate.high is None else _number(estimate.high)
    return f"{_number(estimate.value)}{unit} [{_number(estimate.low)}, {high}]"


def _number(value: float) -> str:
    """Returns three digits of a number, or all in front of its point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _cells(row: Row) -> list[str]:
    found = [str(row.candidate)]
    found.append("" if row.callers is None else str(row.callers))
    found.append("" if row.agreement is None else f"{row.agreement:.1f}%")
    found += _figures(row.figures, "" if row.stage == "served" else "*")
    return [*found, row.reason or "recommended"]


def _figures(figures: Figures | None, mark: str) -> list[str]:
    if figures is None:
        return [""] * 4
    memory = "" if figures.memory_mb is None else _number(figures.memory_mb.value)
    return [
        _number(figures.texts_per_second.value) + mark,
        _number(figures.p50_ms.value) + mark,
        _number(figures.p99_ms.value) + mark,
        memory,
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [_HEAD, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD) - 1)]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:], strict=True)),
                row[-1],
            ]
        ).rstrip()
        for row in cells
    ]
