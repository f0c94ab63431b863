"""Scorer of datasets that explains each answer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from typing import Self, TypeVar

from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Window
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
    Answers,
    Classification,
    Classifier,
    ClassifyRequest,
    Route,
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

_Result = TypeVar("_Result")


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
        place_of = self.identity.answers.index
        with (
            closing(self._scorer.answers(windows, self._truncation)) as answered,
            _LoopThread() as loop,
        ):
            for window, answers in answered:
                found = loop.run(self._explain(window, answers))
                objects = {row: each for row, each in found.items() if isinstance(each, str)}
                wrong: dict[int, Failure] = {
                    row: each for row, each in found.items() if isinstance(each, SentimentError)
                }
                answers = without(answers, wrong)
                scores = columns_of(answers, self.labels, place_of)
                explanations = [objects.get(row) for row in range(len(window.texts))]
                yield ScoredWindow(window, replace(scores, explanations=explanations))

    async def _explain(
        self, window: Window, answers: RowAnswers
    ) -> dict[int, str | SentimentError]:
        """Returns for each row with an answer its explanation in JSON, or why there is none."""
        turns = asyncio.Semaphore(_TOGETHER)

        async def one(text: str | TextPair, answer: Answers) -> str | SentimentError:
            async with turns:
                request = ClassifyRequest([text], self._truncation)
                try:
                    found = await explain(self._classifier, request, self._options, answers=answer)
                except SentimentError as error:
                    return error
                return json.dumps(as_object(found.explanations[0]), ensure_ascii=False)

        rows = {
            row: one(text, self._answer(answers, row))
            for row, text in enumerate(window.texts)
            if text is not None and row not in answers.failures
        }
        return dict(zip(rows, await asyncio.gather(*rows.values()), strict=True))

    def _answer(self, answers: RowAnswers, row: int) -> Answers:
        """Returns the answer for a row as the classifier would give it."""
        found = answers.classification(row, self.labels)
        assert isinstance(found, Classification)
        route: Route = "lexicon" if row in answers.of_list else "model"
        return Answers([found], self._classifier.name, route, {})


class _LoopThread:
    """An event loop in a thread of its own: another one may run in the thread that asks.

    Used as a context. At its end, what runs is cancelled, and no more than the batch that is being
    computed is waited for.
    """

    def __init__(self) -> None:
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._until_ended()), name="explain rows", daemon=True
        )

    async def _until_ended(self) -> None:
        ended = asyncio.Event()
        self._started.set_result((asyncio.get_running_loop(), ended))
        await ended.wait()

    def run(self, work: Coroutine[object, object, _Result]) -> _Result:
        """Returns the result of a coroutine, which is cancelled where the waiting ends early."""
        loop, _ = self._started.result()
        found = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return found.result()
        except BaseException:
            found.cancel()
            raise

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        loop, ended = self._started.result()
        loop.call_soon_threadsafe(ended.set)
        self._thread.join()


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
