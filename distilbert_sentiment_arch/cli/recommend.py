"""Command ``max-sentiment recommend``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.recommend.recommendation import recommend
from distilbert_sentiment_arch.recommend.report import as_json, as_text
from distilbert_sentiment_arch.recommend.request import Prices, RecommendRequest
from distilbert_sentiment_arch.recommend.result import Progress
from distilbert_sentiment_arch.recommend.texts import read_texts


def run(options: argparse.Namespace) -> int:
    """Measures, and prints the recommendation; returns 0, or 130 if it was interrupted.

    Raises:
        RecommendError: Nothing could be measured, or no setting keeps the bounds.
        SentimentError: The model cannot be served here.
    """
    request = RecommendRequest(
        goal=options.goal,
        model=options.model,
        revision=options.revision,
        texts=read_texts(Path(options.texts)) if options.texts else (),
        p99_ms=options.p99_ms,
        least_agreement=options.least_agreement,
        seconds=options.seconds,
        callers=options.callers,
        texts_per_request=options.texts_per_request,
        prices=Prices(options.core_price, options.gb_price, options.accelerator_price),
        precisions=options.precisions,
        remember=options.remember,
    )
    cancelled = threading.Event()
    # In a thread of its own: a signal's handler runs in this one, and must not wait for a lock that
    # this one holds.
    with ThreadPoolExecutor(1) as pool, _cancelled_by_signals(cancelled):
        measuring = pool.submit(recommend, request, _print, cancelled)
        try:
            made = measuring.result()
        except RecommendError as error:
            if not cancelled.is_set():
                raise
            print(f"max-sentiment: {error}", file=sys.stderr)
            return 130
    print(as_json(made) if options.json else as_text(made), end="")
    return 0


def _print(progress: Progress) -> None:
    print(f"max-sentiment: {progress.message}", file=sys.stderr, flush=True)


@contextmanager
def _cancelled_by_signals(cancelled: threading.Event) -> Iterator[None]:
    """Lets Ctrl-C and SIGTERM cancel; an exception anywhere could leave a process behind."""

    def cancel(number: int, frame: object) -> None:
        cancelled.set()

    before = {each: signal.signal(each, cancel) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
