"""``benchmark recommend``: what ``max-sentiment recommend`` predicts, beside what is measured.

The recommended server is started afresh with the printed flags, and the benchmark's own load
generator, a process of its own, sends it the same texts from as many callers.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.recommend.measuring import requests_of
from distilbert_sentiment_arch.recommend.request import GOALS, SECONDS
from distilbert_sentiment_arch.recommend.texts import measured_texts, read_texts
from scripts.benchmarking.environments import process_environment
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.latency import percentiles
from scripts.benchmarking.load import run_load
from scripts.benchmarking.load_generator import Plan
from scripts.benchmarking.machine import ForeignLoad
from scripts.benchmarking.server_process import running
from scripts.benchmarking.servers.server import Server
from scripts.process_memory import PeakMemory
from scripts.server_process import free_ports

TARGET = 0.15
"""How far a measured figure may be from the predicted one."""

STARTS, ROUNDS, ROUND_S = 2, 4, 4.0

FIGURES: Mapping[str, str] = {
    "texts_per_second": "texts/s",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "memory_mb": "memory MB",
}
"""Names of figures in the JSON of a recommendation, and in the table."""


@dataclass(frozen=True)
class Comparison:
    """A figure, predicted and measured.

    Attributes:
        goal: The goal of the recommendation.
        figure: Its name in the JSON.
        predicted: The prediction.
        low: Lower end of its interval.
        high: Upper end; None for none.
        measured: What the benchmark measured.
    """

    goal: str
    figure: str
    predicted: float
    low: float
    high: float | None
    measured: float

    @property
    def ratio(self) -> float:
        """Measured over predicted."""
        return self.measured / self.predicted

    @property
    def holds(self) -> bool:
        """Whether the prediction is right within ``TARGET``."""
        return abs(self.ratio - 1) <= TARGET


def recommend_command(arguments: Sequence[str]) -> int:
    """Recommends for each goal, measures the recommended server, and prints the comparison.

    Returns:
        0 if all predictions hold, else 1.
    """
    options = _parser().parse_args(arguments)
    found: list[Comparison] = []
    shares: list[float] = []
    commands = []
    for goal in options.goals:
        made = _recommendation(goal, options)
        commands.append(f"{goal}: {made['command']}")
        measured, share = _measured(made, options)
        shares.append(share)
        found += compared(made, measured)
    print("\n".join([*commands, "", *table(found), "", _verdict(found, shares)]))
    return 0 if all(each.holds for each in found) else 1


def compared(made: Mapping[str, Any], measured: Mapping[str, float]) -> list[Comparison]:
    """Returns the comparison of each figure that both have.

    Args:
        made: The JSON of a recommendation.
        measured: Figures by their names in it.
    """
    predicted = made["figures"]
    return [
        Comparison(
            made["request"]["goal"],
            name,
            predicted[name]["value"],
            predicted[name]["low"],
            predicted[name]["high"],
            measured[name],
        )
        for name in FIGURES
        if predicted[name] is not None and name in measured
    ]


def table(found: Sequence[Comparison]) -> list[str]:
    """Returns the comparison as a table in Markdown."""
    lines = [
        f"| goal | figure | predicted | interval | measured | ratio | within {TARGET:.0%} |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in found:
        high = "unknown" if each.high is None else f"{each.high:.4g}"
        lines.append(
            f"| {each.goal} | {FIGURES[each.figure]} | {each.predicted:.4g} | "
            f"{each.low:.4g} to {high} | {each.measured:.4g} | {each.ratio:.2f} | "
            f"{'yes' if each.holds else 'no'} |"
        )
    return lines


def _verdict(found: Sequence[Comparison], shares: Sequence[float]) -> str:
    held = sum(each.holds for each in found)
    line = f"{held} of {len(found)} predictions hold within {TARGET:.0%}."
    if max(shares) > ForeignLoad.LIMIT:
        line += (
            f" Other processes used up to {max(shares):.0%} of the machine meanwhile: measure "
            "again when it is quiet."
        )
    return line


def _recommendation(goal: str, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "distilbert_sentiment_arch.cli", "recommend", "--json"]
    command += ["--goal", goal, "--seconds", str(options.seconds), "--forget"]
    if options.model:
        command += ["--model", options.model]
    if options.texts:
        command += ["--texts", str(options.texts)]
    if options.callers:
        command += ["--callers", str(options.callers)]
    if options.p99_ms:
        command += ["--p99-ms", str(options.p99_ms)]
    if options.precisions:
        command += ["--precisions", options.precisions]
    command += ["--texts-per-request", str(options.texts_per_request)]
    print(f"benchmark: {shlex.join(command[2:])}", file=sys.stderr, flush=True)
    ended = subprocess.run(
        command, env=process_environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if ended.returncode:
        raise BenchmarkError(f"recommend --goal {goal} ended with {ended.returncode}")
    made: dict[str, Any] = json.loads(ended.stdout)
    return made


def _measured(
    made: Mapping[str, Any], options: argparse.Namespace
) -> tuple[dict[str, float], float]:
    """Returns the medians over rounds, and the share of the machine that others used."""
    texts = measured_texts(read_texts(options.texts) if options.texts else ())
    bodies = [
        json.dumps({"input": request, "truncation": "end"})
        for request in requests_of(texts.texts, made["request"]["texts_per_request"])
    ]
    rounds: list[dict[str, float]] = []
    memory: list[float] = []
    shares: list[float] = []
    for _ in range(STARTS):
        server, port = _server(made, options.model)
        with running(server, port, texts.texts[0]) as process:
            plan = Plan(port, server.path, bodies, ROUND_S, concurrency=made["callers"])
            run_load(plan)  # untimed: caches and pools fill
            for _ in range(ROUNDS):
                foreign, cpu = ForeignLoad(), process.cpu_s()
                outcome = run_load(plan)
                shares.append(foreign.share(process.cpu_s() - cpu + outcome.cpu_s))
                if outcome.errors:
                    raise BenchmarkError(f"requests failed: {outcome.errors}")
                answered = len(outcome.latencies_ms) * made["request"]["texts_per_request"]
                found = percentiles(outcome.latencies_ms)
                rounds.append(
                    {
                        "texts_per_second": answered / outcome.seconds,
                        "p50_ms": found["p50"],
                        "p99_ms": found["p99"],
                    }
                )
            with PeakMemory(process.pid) as peak:
                run_load(plan)
            memory.append(peak.bytes / 1e6)
    medians = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    return {**medians, "memory_mb": max(memory)}, max(shares)


def _server(made: Mapping[str, Any], model: str | None) -> tuple[Server, int]:
    port, metrics_port = free_ports(2)
    command = [sys.executable, "-m", "distilbert_sentiment_arch.cli", "serve", *made["flags"]]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    if model:
        command += ["--model", str(Path(model).resolve()) if Path(model).exists() else model]
    server = Server(
        command=command,
        path="/classify",
        body=lambda texts: {"input": list(texts), "truncation": "end"},
        labels=lambda answer: [datum["label"] for datum in answer["data"]],
        environment={"MAX_SERVE_METRICS_ENDPOINT_PORT": str(metrics_port)},
    )
    return server, port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmark recommend", description=__doc__)
    parser.add_argument(
        "--goals",
        type=lambda text: text.split(","),
        default=list(GOALS),
        metavar="NAMES",
        help=f"with commas between (default: {','.join(GOALS)})",
    )
    parser.add_argument("--model", help="checkpoint directory or hub id")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="as of max-sentiment recommend")
    parser.add_argument("--callers", type=int, metavar="N")
    parser.add_argument("--p99-ms", type=float, metavar="N")
    parser.add_argument("--precisions", metavar="NAMES")
    parser.add_argument("--texts-per-request", type=int, default=1, metavar="N")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="default: %(default)g")
    return parser
