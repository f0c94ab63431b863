"""A model that loads in a thread while the server answers, and the requests that wait for it."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.classify.batching import Batcher
from distilbert_sentiment_arch.classify.guarded_classifier import GuardedClassifier
from distilbert_sentiment_arch.classify.interface import Answers, ClassifyRequest, Route
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.errors import DeadlineExceeded, Unavailable
from distilbert_sentiment_arch.messages import one_line
from distilbert_sentiment_arch.settings.defaults import MAX_BATCH_SIZE
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.settings.precision import PrecisionChoice

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.in_process import InProcessModel

logger = logging.getLogger("max.serve.sentiment")

State = Literal["loading", "ready", "failed"]


class StillLoading(DeadlineExceeded):
    """The model is not loaded within the deadline of a request."""

    started = False

    def __init__(self, seconds: float) -> None:
        Unavailable.__init__(
            self,
            f"The model is still loading after {seconds:g} seconds: what is not in the cache yet "
            "is compiled. Retry in a while.",
        )


class BackgroundModel:
    """A checkpoint that answers once it is loaded, with the deadline and breaker of a server.

    ``start`` is called once, in the event loop that requests come from.

    Args:
        found: The checkpoint.
        limits: Limits of the operator.

    Attributes:
        name: What clients call the model.
        labels: The labels of its head.
        max_length: Most tokens it reads at once; None until it is loaded.
        precision: What it computes in, and why; None until it is loaded.
        state: How far loading is.
        trouble: Why it failed; empty otherwise.
    """

    route: Route = "model"

    def __init__(self, found: NamedCheckpoint, limits: Limits) -> None:
        self.name = found.name
        self.labels: LabelSet = found.checkpoint.config.labels
        self.max_length: int | None = None
        self.precision: PrecisionChoice | None = None
        self.state: State = "loading"
        self.trouble = ""
        self._found = found
        self._limits = limits
        self._settled = asyncio.Event()
        self._classifier: GuardedClassifier | None = None

    def start(self) -> None:
        """Begins to load; the thread does not keep the process from ending."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._load, args=[loop], name="load", daemon=True).start()

    async def wait(self) -> None:
        """Waits until the model is loaded, or has failed to load."""
        await self._settled.wait()

    async def classify(self, request: ClassifyRequest) -> Answers:
        """See ``Classifier``; waits for the model as long as for an answer.

        Raises:
            StillLoading: It is not loaded in time.
            Unavailable: It did not load, or see ``GuardedClassifier``.
        """
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                await self._settled.wait()
        except TimeoutError:
            raise StillLoading(self._limits.deadline_s) from None
        if self._classifier is None:
            raise Unavailable(f"The model '{self.name}' did not load: {self.trouble}")
        return await self._classifier.classify(request)

    def _load(self, loop: asyncio.AbstractEventLoop) -> None:
        outcome: InProcessModel | BaseException
        try:
            from distilbert_sentiment_arch.engine.in_process import load_model

            outcome = load_model(self._found)
        except BaseException as error:  # whatever it is, requests that wait are answered
            outcome = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._settle, outcome)

    def _settle(self, outcome: InProcessModel | BaseException) -> None:
        if isinstance(outcome, BaseException):
            self.state = "failed"
            self.trouble = one_line(str(outcome) or type(outcome).__name__)
            logger.error("the model did not load", exc_info=outcome)
        else:
            self._classifier = self._guarded(outcome)
            self.max_length = outcome.max_length
            self.precision = outcome.precision
            self.state = "ready"
            logger.info("the model %s is loaded, %s", self.name, outcome.precision)
        self._settled.set()

    def _guarded(self, model: InProcessModel) -> GuardedClassifier:
        from distilbert_sentiment_arch.engine.in_process import InProcessTransport

        limits = self._limits
        batcher = Batcher(
            InProcessTransport(model),
            MAX_BATCH_SIZE,
            limits.batch_tokens(accelerator=False),
            limits.max_pending_tokens,
        )
        classifier = ModelClassifier(
            self.name,
            model.tokenizer,
            model.labels,
            model.max_length,
            batcher,
            limits.max_request_tokens,
        )
        return GuardedClassifier(classifier, limits.deadline_s, lambda: batcher.answered)
