"""Scorers of datasets, and which of them a job's options ask for."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from typing import Protocol

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Window
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.scoring.row_answers import RowAnswers, Rows, Source
from distilbert_sentiment_arch.classify.interface import Truncation
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED


class Scorer(Protocol):
    """Answers rows."""

    @property
    def identity(self) -> ModelIdentity:
        """What answers."""

    def score(self, windows: Iterable[Window]) -> Iterator[ScoredWindow]:
        """Yields windows with their answers, in order, as a server would answer each row.

        Windows are read in a thread of their own, a bounded number of rows ahead. Close the
        iterator (``close()``, or read it to its end) to end its threads.

        Args:
            windows: Rows; read in another thread.

        Raises:
            Unavailable: The model answers nothing any more.
            Exception: What reading the windows raised.
        """


class RowScorer(Scorer, Protocol):
    """A scorer that is in this process."""

    @property
    def labels(self) -> LabelSet:
        """The labels of its answers."""

    def answers(
        self, sources: Iterable[Source], truncation: Truncation | None
    ) -> Generator[tuple[Source, RowAnswers]]:
        """Yields rows with their answers as ``score`` does, before they are columns.

        Args:
            sources: Rows; read in another thread.
            truncation: What is read of a text over the model's limit; None refuses it.
        """

    def answer(self, source: Rows, truncation: Truncation | None) -> RowAnswers:
        """Answers a few rows in this thread; see ``answers``."""


def load_scorer(options: ModelOptions, device: str = "cpu") -> RowScorer:
    """Loads what the options name.

    Args:
        options: The model, and how rows are read.
        device: ``cpu``, ``gpu``, ``gpu:1``, ..., or ``auto`` for an accelerator whose probe with
            this model passed, else the CPU.

    Raises:
        CheckpointError: The checkpoint cannot be served, or no device has such a name.
        DeviceError: MAX does not find the accelerator.
    """
    if options.model in EMBEDDED:
        from distilbert_sentiment_arch.bulk.scoring.lexicon_scorer import load_lexicon_scorer

        return load_lexicon_scorer(options)
    # Arrow's computations crash where its library is loaded behind MAX's, as by pandas later on.
    with suppress(ImportError):
        import pyarrow.compute  # noqa: F401
    from distilbert_sentiment_arch.bulk.scoring.model_scorer import load_model_scorer

    return load_model_scorer(options, device)
