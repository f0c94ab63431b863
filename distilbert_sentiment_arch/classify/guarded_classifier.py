"""A classifier with a deadline and a circuit breaker, which a canary request closes again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from circuitbreaker import CircuitBreaker

from distilbert_sentiment_arch.classify.interface import Answers, Classifier, ClassifyRequest, Route
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.readiness import Readiness
from distilbert_sentiment_arch.errors import (
    DeadlineExceeded,
    ModelFailing,
    Overloaded,
    Unavailable,
)

logger = logging.getLogger("max.serve.sentiment")

FAILURES = 3
"""Failures in a row after which only canary requests are sent to the model."""
PAUSE_S = 1
"""Seconds between two canary requests to a failing model."""


class GuardedClassifier:
    """Answers in time, or fails fast while the model fails.

    Only a missing answer counts as a failure of the model. A timeout while other requests are
    answered, a full queue and bad input do not, nor does the timeout of a request in the
    background, whose turn may not have come.

    Args:
        model: The model.
        deadline_s: Seconds within which a request is answered or refused.
        answered: How many sequences the model has answered so far, whoever asked.

    Attributes:
        readiness: The canary.
    """

    def __init__(self, model: Classifier, deadline_s: float, answered: Callable[[], int]) -> None:
        self.name = model.name
        self.labels: LabelSet = model.labels
        self.max_length = model.max_length
        self.route: Route = model.route
        self.readiness = Readiness(model, answered)
        self._model = model
        self._deadline_s = deadline_s
        self._answered = answered
        self._breaker = CircuitBreaker(FAILURES, PAUSE_S, Exception, name=model.name)
        self._recovery: asyncio.Task[None] | None = None

    @property
    def failing(self) -> bool:
        """Whether only canary requests are sent to the model."""
        return not self._breaker.closed

    async def classify(self, request: ClassifyRequest) -> Answers:
        """See ``Classifier``.

        Raises:
            ModelFailing: The last requests had no answer; this one was not sent.
            DeadlineExceeded: There was no answer in time.
        """
        if self.failing:
            raise ModelFailing()
        answered_before = self._answered()
        try:
            async with asyncio.timeout(self._deadline_s):
                answers = await self._model.classify(request)
        except TimeoutError:
            late = DeadlineExceeded(self._deadline_s)
            if self._answered() == answered_before and not request.background:
                self._failed(late)
            raise late from None
        except Overloaded:
            raise
        except Unavailable as error:
            self._failed(error)
            raise
        self._breaker.reset()
        return answers

    def _failed(self, error: Unavailable) -> None:
        try:
            with self._breaker:
                raise error
        except Unavailable:
            if self.failing and self._recovery is None:
                logger.error("the model is failing (%s); only canaries are sent to it", error)
                self._recovery = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        while self.failing:
            await asyncio.sleep(max(0, self._breaker.open_remaining))
            try:
                with self._breaker:
                    verdict = await self.readiness.check()
                    if not (verdict.ready and verdict.computed):
                        raise Unavailable(verdict.reason)
            except Exception as error:  # whatever it is, the next canary follows
                logger.warning("the model is still failing: %s", error)
        logger.warning("the model answers again")
        self._recovery = None
