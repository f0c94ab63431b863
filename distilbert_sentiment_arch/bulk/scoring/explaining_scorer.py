"""Scorer of datasets that explains each answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace

from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Window
from distilbert_sentiment_arch.bulk.scoring.ahead import Ahead
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.scoring.row_answers import (
    Failure,
    RowAnswers,
    Rows,
    Source,
    columns_of,
)
from distilbert_sentiment_arch.bulk.scoring.scorer import RowScorer
from distilbert_sentiment_arch.classify.interface import (
    Classifier,
    ClassifyRequest,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import ExplainOptions
from distilbert_sentiment_arch.explain.explanation_object import as_object

_TOGETHER = 8
"""Rows that are explained at a time, so that batches are full where texts are short."""


class ExplainingScorer:
    """A scorer with an explanation for each row that has an answer.

    Args:
        scorer: Answers the rows.
        classifier: The same model or word list, as requests have it.
        options: How to explain.
        truncation: What is read of a text over the model's limit.
    """

    def __init__(
        self,
        scorer: RowScorer,
        classifier: Classifier,
        options: ExplainOptions,
        truncation: Truncation,
    ) -> None:
        self._scorer = scorer
        self._classifier = classifier
        self._options = options
        self._truncation = truncation

    @property
    def identity(self) -> ModelIdentity:
        """See ``Scorer``."""
        return self._scorer.identity

    @property
    def labels(self) -> LabelSet:
        """See ``RowScorer``."""
        return self._scorer.labels

    def answers(
        self, sources: Iterable[Source], truncation: Truncation | None
    ) -> Generator[tuple[Source, RowAnswers]]:
        """See ``RowScorer``; without explanations."""
        return self._scorer.answers(sources, truncation)

    def answer(self, source: Rows, truncation: Truncation | None) -> RowAnswers:
        """See ``RowScorer``; without explanations."""
        return self._scorer.answer(source, truncation)

    def score(self, windows: Iterable[Window]) -> Iterator[ScoredWindow]:
        """See ``Scorer``; a row whose answer cannot be explained has the reason as its error."""
        # An event loop may run in the thread that asks.
        with Ahead(lambda: self._explained(windows), 1, "explain rows") as scored:
            yield from scored

    def _explained(self, windows: Iterable[Window]) -> Iterator[ScoredWindow]:
        place_of = self.identity.answers.index
        with (
            asyncio.Runner() as runner,
            closing(self._scorer.answers(windows, self._truncation)) as answered,
        ):
            for window, answers in answered:
                texts = {
                    row: text
                    for row, text in enumerate(window.texts)
                    if text is not None and row not in answers.failures
                }
                found = runner.run(self._explain(texts))
                objects = {row: each for row, each in found.items() if isinstance(each, str)}
                wrong: dict[int, Failure] = {
                    row: each for row, each in found.items() if isinstance(each, SentimentError)
                }
                answers = without(answers, wrong)
                scores = columns_of(answers, self.labels, place_of)
                explanations = [objects.get(row) for row in range(len(window.texts))]
                yield ScoredWindow(window, replace(scores, explanations=explanations))

    async def _explain(self, texts: dict[int, str | TextPair]) -> dict[int, str | SentimentError]:
        """Returns for each text its explanation in JSON, or why there is none."""
        turns = asyncio.Semaphore(_TOGETHER)

        async def one(text: str | TextPair) -> str | SentimentError:
            async with turns:
                request = ClassifyRequest([text], self._truncation)
                try:
                    found = await explain(self._classifier, request, self._options)
                except SentimentError as error:
                    return error
                return json.dumps(as_object(found.explanations[0]), ensure_ascii=False)

        return dict(zip(texts, await asyncio.gather(*map(one, texts.values())), strict=True))


def without(answers: RowAnswers, failures: dict[int, Failure]) -> RowAnswers:
    """Returns answers of which some rows have failed after all."""
    if not failures:
        return answers
    rows = list(failures)
    logits, windows = answers.logits.copy(), answers.windows.copy()
    logits[rows], windows[rows] = float("nan"), 0
    left = {row: answer for row, answer in answers.of_list.items() if row not in failures}
    return replace(
        answers,
        logits=logits,
        windows=windows,
        failures={**answers.failures, **failures},
        of_list=left,
    )
