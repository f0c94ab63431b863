"""Measurement of the speed of explanations: in process beside SHAP and Captum, and over HTTP."""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.explain.explanation import METHODS
from distilbert_sentiment_arch.explain.text_units import split_words
from scripts.benchmarking.errors import BenchmarkError, ConfigError
from scripts.benchmarking.machine import ForeignLoad, describe_machine
from scripts.benchmarking.statistics import Bootstrap, Estimate
from scripts.benchmarking.worker_process import WorkerProcess
from scripts.explaining import product_worker, reference_worker
from scripts.explaining.figures import ExplainerSpeed, HttpSpeed, Interval, Speed
from scripts.explaining.reference_worker import CAPTUM, SHAP
from scripts.explaining.timing import nanoseconds_of
from scripts.server_process import running

WORDS = 25
TEXTS = 16
LEAST = 3
"""Explanations of a turn, at least."""

_HTTP_OK = 200
_TIMEOUT_S = 60

Report = Callable[[str], None]


@dataclass(frozen=True)
class Turns:
    """How long is measured.

    Attributes:
        rounds: Rounds in which every subject has a turn.
        seconds: Seconds of a turn.
        threads: Cores and threads of the explainers in process.
    """

    rounds: int
    seconds: float
    threads: int


def texts_of_words(texts: Sequence[str], words: int, count: int, seed: int) -> list[str]:
    """Returns the first so many words of texts that have as many; a random sample of them.

    Raises:
        ConfigError: There is no such text.
    """
    found = []
    for text in texts:
        spans = split_words(text)
        if len(spans) >= words:
            found.append(text[: spans[words - 1][1]])
    if not found:
        raise ConfigError(f"No text has {words} words. Name a file of longer ones.")
    return random.Random(seed).sample(found, min(count, len(found)))


def measure_speed(
    found: NamedCheckpoint, data: Sequence[str], turns: Turns, seed: int, report: Report
) -> Speed:
    """Measures explanations in process, taking turns, and then over HTTP.

    Args:
        found: The checkpoint.
        data: Texts, of which those of ``WORDS`` words or more are used.
        turns: How long is measured.
        seed: Seed of the choice of texts and of the order of the turns.
        report: Called with lines of progress.

    Raises:
        BenchmarkError: Something cannot be run.
    """
    texts = texts_of_words(data, WORDS, TEXTS, seed)
    directory = str(found.checkpoint.directory)
    foreign = ForeignLoad()
    with ExitStack() as stack:
        ours, theirs = (
            stack.enter_context(closing(WorkerProcess(module.ENVIRONMENT, module.__name__)))
            for module in (product_worker, reference_worker)
        )
        report("loading the model in both environments")
        versions = ours.ask("load", checkpoint=directory, threads=turns.threads)
        versions |= theirs.ask("load", checkpoint=directory, threads=turns.threads)
        subjects: dict[str, tuple[WorkerProcess, dict[str, Any]]] = {
            method: (ours, {"method": method}) for method in METHODS
        }
        label = next(iter(found.checkpoint.config.labels.names))
        for method in (CAPTUM, SHAP):
            subjects[method] = (theirs, {"method": method, "label": label})
        timed = _rounds(subjects, texts, turns, seed, report)
        own = sum(map(_cpu_seconds, (ours.pid, theirs.pid)))
        share = foreign.share(own + time.process_time())
    http = _over_http(found.checkpoint.directory, texts, turns, report)
    return Speed(
        words=WORDS,
        texts=len(texts),
        rounds=turns.rounds,
        explainers=explainer_records(timed),
        http=http,
        versions=versions,
        machine=describe_machine()["cpu"],
        threads=turns.threads,
        foreign=share,
        date=datetime.now(UTC).date().isoformat(),
    )


def _rounds(
    subjects: Mapping[str, tuple[WorkerProcess, dict[str, Any]]],
    texts: Sequence[str],
    turns: Turns,
    seed: int,
    report: Report,
) -> dict[str, list[list[int]]]:
    """Returns the nanoseconds of each explanation in each round, by subject."""
    shuffle = random.Random(seed)
    timed: dict[str, list[list[int]]] = {name: [] for name in subjects}
    for number in range(1, turns.rounds + 1):
        for name in shuffle.sample(list(subjects), len(subjects)):
            report(f"round {number} of {turns.rounds}: {name}")
            worker, arguments = subjects[name]
            timed[name].append(
                worker.ask("time", texts=texts, seconds=turns.seconds, least=LEAST, **arguments)
            )
    return timed


def explainer_records(timed: Mapping[str, Sequence[Sequence[int]]]) -> list[ExplainerSpeed]:
    """Returns the figures of each explainer.

    Args:
        timed: Nanoseconds of each explanation in each round, by explainer; SHAP's among them.
    """
    bootstrap = Bootstrap()
    speeds = {
        name: [len(each) / sum(each) * 1e9 for each in rounds] for name, rounds in timed.items()
    }
    return [
        ExplainerSpeed(
            explainer=name,
            p50_ms=_interval(bootstrap.median([median(each) / 1e6 for each in rounds])),
            per_second=_interval(bootstrap.median(speeds[name])),
            times=_interval(bootstrap.ratio(speeds[name], speeds[SHAP])),
        )
        for name, rounds in timed.items()
    ]


def _over_http(checkpoint: Path, texts: Sequence[str], turns: Turns, report: Report) -> HttpSpeed:
    """Measures ``/classify`` and ``/v1/explain`` of a server, in turns."""
    report("starting the server")
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory), "--model", str(checkpoint), "--precision", "float32") as server,
        closing(HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S)) as connection,
    ):
        paths = ("/classify", "/v1/explain")
        medians: dict[str, list[float]] = {path: [] for path in paths}
        for number in range(1, turns.rounds + 1):
            for path in paths:
                report(f"round {number} of {turns.rounds}: {path}")
                timed = nanoseconds_of(
                    lambda text, path=path: _post(connection, path, text),  # type: ignore[misc]
                    texts,
                    turns.seconds,
                    LEAST,
                )
                medians[path].append(median(timed) / 1e6)
    return http_record(*medians.values())


def http_record(classify_ms: Sequence[float], explain_ms: Sequence[float]) -> HttpSpeed:
    """Returns the figures of a server from the medians of its rounds."""
    bootstrap = Bootstrap()
    return HttpSpeed(
        classify_ms=_interval(bootstrap.median(classify_ms)),
        explain_ms=_interval(bootstrap.median(explain_ms)),
        times=_interval(bootstrap.ratio(explain_ms, classify_ms)),
    )


def _post(connection: HTTPConnection, path: str, text: str) -> None:
    body = json.dumps({"input": text}).encode()
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != _HTTP_OK:
        raise BenchmarkError(f"{path} answered {answer.status}: {content[:300].decode()}")


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _interval(found: Estimate) -> Interval:
    return Interval(value=found.value, low=found.low, high=found.high)
