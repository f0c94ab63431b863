"""Scorer of datasets that answers with a word list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from distilbert_sentiment_arch.bulk.identity import ModelIdentity, word_list_digest
from distilbert_sentiment_arch.bulk.row_answers import fill, no_scores, why_unreadable
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Scores, Window
from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import Route, TextPair
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LABELS, LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import WordList
from distilbert_sentiment_arch.settings.defaults import VERSION


class LexiconScorer:
    """A word list that answers rows, in the thread that reads the answers.

    Args:
        word_list: The list.
        max_characters: Most characters of a text.
    """

    def __init__(self, word_list: WordList, max_characters: int) -> None:
        self._max_characters = max_characters
        self._classifier = LexiconClassifier(word_list)
        self.identity = ModelIdentity(
            model=word_list.name,
            revision=None,
            weights_digest=word_list_digest(word_list),
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
        for window in windows:
            yield ScoredWindow(window, self._scores(window))

    def _scores(self, window: Window) -> Scores:
        rows = len(window.texts)
        errors: list[str | None] = list(window.errors)
        routes: list[Route | None] = [None] * rows
        scores = no_scores(rows, len(LABELS), routes, errors)
        readable: list[tuple[int, str | TextPair]] = []
        for row, text in enumerate(window.texts):
            failure = why_unreadable(text, errors[row], self._max_characters)
            if failure is not None or text is None:
                errors[row] = str(failure)
                continue
            try:
                check_inputs([text])
            except InputError as error:
                errors[row] = str(error)
            else:
                readable.append((row, text))
        found = self._classifier.classify_texts([text for _, text in readable])
        for (row, _), answer in zip(readable, found, strict=True):
            routes[row] = "lexicon"
            fill(scores, row, answer, LABELS.names.index)
        return scores
