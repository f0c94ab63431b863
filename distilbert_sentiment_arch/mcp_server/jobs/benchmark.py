"""Measures a model on texts, in this process: how many a second, and how long one takes."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.interface import Classifier, ClassifyRequest, Truncation
from distilbert_sentiment_arch.errors import Unavailable
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list
from distilbert_sentiment_arch.mcp_server.job import JobReport
from distilbert_sentiment_arch.settings.limits import Limits

TOGETHER = 64
"""Most texts in one request of those that measure texts a second."""

REPORT_S = 0.5
"""Least seconds between two reports of progress."""


def run(request: Mapping[str, Any], report: JobReport, cancelled: threading.Event) -> Any:
    """Measures rounds over texts; each reads all texts in batches and every one alone.

    Args:
        request: ``model``, ``revision``, ``texts`` (None for built-in ones), ``rounds`` and
            ``seconds``, after which no further request is measured.
        report: Receives the requests that are done.
        cancelled: Ends the measurement early.

    Returns:
        The fields of ``tools.benchmark.BenchmarkResult``.

    Raises:
        CheckpointError: The checkpoint cannot be served.
        InputError: A text cannot be classified.
        Unavailable: It was cancelled before anything was measured.
    """
    texts = request["texts"] or _built_in()
    batches = [texts[start : start + TOGETHER] for start in range(0, len(texts), TOGETHER)]
    total = request["rounds"] * (len(texts) + len(batches))
    report(0, total, "The model is loading in a process of its own.")
    start = time.perf_counter()
    classifier, precision = _loaded(request["model"], request["revision"])
    measured = _Measured()
    with asyncio.Runner() as runner:
        # The first requests pay for what later ones find prepared.
        for inputs in (texts[:1], batches[0]):
            runner.run(_answered(classifier, inputs))
        loaded_s = time.perf_counter() - start
        end = time.perf_counter() + request["seconds"]
        latest = 0.0
        for done, (number, inputs) in enumerate(_rounds(request["rounds"], batches)):
            now = time.perf_counter()
            if cancelled.is_set() or (now > end and measured.each_kind):
                break
            if now > latest + REPORT_S:
                latest = now
                report(done, total, f"Round {number + 1} of {request['rounds']}.")
            tokens = runner.run(_answered(classifier, inputs))
            measured.take(inputs, tokens, time.perf_counter() - now)
    if not measured.each_kind:
        raise Unavailable("The measurement was cancelled before anything was measured.")
    return {
        "model": classifier.name,
        "precision": precision,
        "texts": len(texts),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        "start_seconds": loaded_s,
        "complete": measured.requests == total,
        **measured.figures(),
    }


class _Measured:
    """Durations of requests: of one text, and of several."""

    def __init__(self) -> None:
        self.alone_s: list[float] = []
        self.together_s: list[float] = []
        self.requests = 0
        self._texts = 0
        self._tokens = 0

    @property
    def each_kind(self) -> bool:
        """Whether there is a request of each kind."""
        return bool(self.alone_s and self.together_s)

    def take(self, inputs: Sequence[str], tokens: int, seconds: float) -> None:
        """Takes the duration of one request."""
        self.requests += 1
        if isinstance(inputs, _Batch):
            self.together_s.append(seconds)
            self._texts += len(inputs)
            self._tokens += tokens
        else:
            self.alone_s.append(seconds)

    def figures(self) -> dict[str, Any]:
        """Returns throughput and latency."""
        seconds = sum(self.together_s)
        latencies = sorted(self.alone_s)
        return {
            "texts_per_second": self._texts / seconds,
            "tokens_per_second": self._tokens / seconds,
            "texts_measured": self._texts,
            "p50_ms": 1000 * _percentile(latencies, 50),
            "p99_ms": 1000 * _percentile(latencies, 99),
            "latencies_measured": len(latencies),
        }


class _Batch(list[str]):
    """Texts of one request that is measured for texts a second."""


def _rounds(rounds: int, batches: Sequence[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yields the texts of each request with its round; a batch, and its texts one by one."""
    for number in range(rounds):
        for batch in batches:
            yield number, _Batch(batch)
            for text in batch:
                yield number, [text]


async def _answered(classifier: Classifier, texts: Sequence[str]) -> int:
    """Returns the tokens that were read."""
    answers = await classifier.classify(ClassifyRequest(texts, Truncation("end")))
    return sum(each.tokens_read for each in answers.classifications)


def _loaded(model: str | None, revision: str | None) -> tuple[Classifier, str | None]:
    if model in EMBEDDED:
        return LexiconClassifier(embedded_word_list(model)), None
    found = find_checkpoint(model, FAMILIES, revision)
    from distilbert_sentiment_arch.engine.in_process import classifier_of, load_model

    limits = Limits.from_environment()
    loaded = load_model(found)
    tokens = limits.batch_tokens(accelerator=False)
    return classifier_of(loaded, tokens, limits.max_request_tokens), loaded.precision.precision


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """Returns the nearest-rank percentile: the least value that so many percent do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _built_in() -> list[str]:
    from distilbert_sentiment_arch.engine.check_sentences import SENTENCES

    return list(SENTENCES)
