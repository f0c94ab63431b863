"""Command ``max-sentiment recommend``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distilbert_sentiment_arch.recommend.recommendation import recommend
from distilbert_sentiment_arch.recommend.report import as_json, as_text
from distilbert_sentiment_arch.recommend.request import Prices, RecommendRequest
from distilbert_sentiment_arch.recommend.result import Progress
from distilbert_sentiment_arch.recommend.texts import read_texts


def run(options: argparse.Namespace) -> int:
    """Measures, and prints the recommendation; returns the exit status, 0.

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
    with _interrupted_by_sigterm():
        made = recommend(request, _print)
    print(as_json(made) if options.json else as_text(made), end="")
    return 0


def _print(progress: Progress) -> None:
    print(f"max-sentiment: {progress.message}", file=sys.stderr, flush=True)


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Ends what is measured in an orderly way on SIGTERM, too, as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
