"""This project's explanations in a process of their own; run by ``WorkerProcess``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from importlib.metadata import version

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.interface import ClassifyRequest
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import METHODS, ExplainOptions
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.precision import PRECISION
from scripts.benchmarking.environments import PRODUCT
from scripts.benchmarking.worker import serve
from scripts.explaining.timing import nanoseconds_of

ENVIRONMENT = PRODUCT


class ProductWorker:
    """Answers requests to time explanations."""

    def load(self, checkpoint: str, threads: int) -> dict[str, str]:
        """Loads a checkpoint in float32, bound to as many cores as there are threads.

        Returns:
            The version of MAX.
        """
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        os.environ[PRECISION] = "float32"
        from distilbert_sentiment_arch.engine.in_process import load_classifier

        self._runner = asyncio.Runner()
        self._classifier = load_classifier(find_checkpoint(checkpoint, FAMILIES))
        return {"max": version("max")}

    def time(self, method: str, texts: Sequence[str], seconds: float, least: int) -> list[int]:
        """Returns the nanoseconds of explanations, one text after the other."""
        (known,) = (each for each in METHODS if each == method)
        options = ExplainOptions(known, "word")
        return nanoseconds_of(
            lambda text: self._runner.run(
                explain(self._classifier, ClassifyRequest([text]), options)
            ),
            texts,
            seconds,
            least,
        )


if __name__ == "__main__":
    serve(ProductWorker)
