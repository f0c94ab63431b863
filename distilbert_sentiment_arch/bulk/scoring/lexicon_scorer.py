"""Scorer of datasets that answers with a word list."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing

import numpy as np

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Window
from distilbert_sentiment_arch.bulk.scoring.ahead import Ahead
from distilbert_sentiment_arch.bulk.scoring.explaining_scorer import ExplainingScorer
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity, word_list_digest
from distilbert_sentiment_arch.bulk.scoring.row_answers import (
    Failure,
    RowAnswers,
    Rows,
    Source,
    columns_of,
    why_unreadable,
)
from distilbert_sentiment_arch.bulk.scoring.scorer import RowScorer
from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import TextPair, Truncation
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LABELS, LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list
from distilbert_sentiment_arch.settings.defaults import VERSION
from distilbert_sentiment_arch.settings.limits import Limits


class LexiconScorer:
    """A word list that answers rows; they are read in one thread and answered in another.

    Args:
        classifier: The list.
        max_characters: Most characters of a text.
    """

    labels = LABELS

    def __init__(self, classifier: LexiconClassifier, max_characters: int) -> None:
        self._max_characters = max_characters
        self._classifier = classifier
        self.identity = ModelIdentity(
            model=classifier.name,
            revision=None,
            weights_digest=word_list_digest(classifier.word_list),
            settings_digest="",
            precision="none",
            version=VERSION,
            labels=LABELS.names,
            problem_type=LABELS.problem_type,
            route="lexicon",
            max_length=None,
        )

    def score(self, windows: Iterable[Window]) -> Iterator[ScoredWindow]:
        """See ``Scorer``."""
        with closing(self.answers(windows)) as answered:
            for window, answers in answered:
                scores = columns_of(answers, self.labels, self.labels.names.index)
                yield ScoredWindow(window, scores)

    def answers(
        self, sources: Iterable[Source], truncation: Truncation | None = None
    ) -> Generator[tuple[Source, RowAnswers]]:
        """See ``Scorer``; a word list reads all of a text."""

        def answer(read: Iterable[Source]) -> Iterator[tuple[Source, RowAnswers]]:
            return ((source, self.answer(source, truncation)) for source in read)

        with (
            Ahead(lambda: sources, 1, "read rows") as read,
            Ahead(lambda: answer(read), 1, "answer rows") as answered,
        ):
            try:
                yield from answered
            finally:
                read.stop()

    def answer(self, source: Rows, truncation: Truncation | None = None) -> RowAnswers:
        """See ``Scorer``."""
        del truncation
        rows = len(source.texts)
        failures: dict[int, Failure] = {}
        readable: list[tuple[int, str | TextPair]] = []
        for row, (text, error) in enumerate(zip(source.texts, source.errors, strict=True)):
            failure = why_unreadable(text, error, self._max_characters)
            if failure is None and text is not None:
                try:
                    check_inputs([text])
                    readable.append((row, text))
                except InputError as wrong:
                    failure = wrong
            if failure is not None:
                failures[row] = failure
        found = self._classifier.classify_texts([text for _, text in readable])
        tokens, tokens_read, windows = np.zeros((3, rows), dtype=np.int32)
        return RowAnswers(
            np.full((rows, len(LABELS)), np.nan, dtype=np.float32),
            tokens,
            tokens_read,
            windows,
            failures,
            {row: answer for (row, _), answer in zip(readable, found, strict=True)},
        )


def load_lexicon_scorer(options: ModelOptions) -> RowScorer:
    """Loads the word list of a job's options; see ``scorer.load_scorer``."""
    assert options.model is not None
    classifier = LexiconClassifier(embedded_word_list(options.model))
    scorer = LexiconScorer(classifier, Limits.from_environment().max_request_characters)
    if options.explain is None:
        return scorer
    return ExplainingScorer(scorer, classifier, options.explain, options.truncation)
