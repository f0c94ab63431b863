"""Readiness of a model: the outcome of a canary request through the whole path."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from distilbert_sentiment_arch.classify.interface import Classifier, ClassifyRequest
from distilbert_sentiment_arch.errors import Overloaded, SentimentError

CANARY = "A canary sang, and it was wonderful."
TIMEOUT_S = 5.0
FRESH_S = 1.0


@dataclass(frozen=True)
class Verdict:
    """The outcome of a canary.

    Attributes:
        ready: The model answered.
        reason: What happened.
        latency_ms: How long the canary took, in milliseconds.
        computed: The model computed something meanwhile; a full queue says nothing of that.
    """

    ready: bool
    reason: str
    latency_ms: float
    computed: bool = True


class Readiness:
    """Runs the canary on demand, one at a time and at most once a second.

    Args:
        classifier: The model.
        answered: How many sequences it has answered so far.
    """

    def __init__(self, classifier: Classifier, answered: Callable[[], int]) -> None:
        self._classifier = classifier
        self._answered_so_far = answered
        self._lock = asyncio.Lock()
        self._last: tuple[float, Verdict] | None = None
        self._answered = False

    async def check(self) -> Verdict:
        """Returns the verdict of a canary that is at most ``FRESH_S`` seconds old."""
        async with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > FRESH_S:
                verdict = await self._send_canary()
                self._last = (time.monotonic(), verdict)
            return self._last[1]

    async def _send_canary(self) -> Verdict:
        start = time.perf_counter()
        answered_before = self._answered_so_far()

        def verdict(ready: bool, reason: str) -> Verdict:
            computed = self._answered_so_far() > answered_before
            return Verdict(ready, reason, (time.perf_counter() - start) * 1000, computed)

        try:
            async with asyncio.timeout(TIMEOUT_S):
                answers = await self._classifier.classify(ClassifyRequest([CANARY]))
        except TimeoutError:
            # A busy model is not a broken one: taking it out of rotation would only move its load
            # to the next.
            busy = self._answered_so_far() > answered_before
            state = "others were" if busy else "nor was anything else"
            within = f"within {TIMEOUT_S:g} seconds"
            return verdict(busy, f"the canary was not answered {within}, {state}")
        except Overloaded:
            return verdict(self._answered, "the queue is full")
        except SentimentError as error:
            return verdict(False, str(error))
        self._answered = True
        return verdict(True, f"the canary was answered {answers.classifications[0].label}")
