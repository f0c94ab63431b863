"""Servers of the page whose model is a known function, to be had in any state within milliseconds.

HTTP, routes, limits, tokenizer, truncation, batches and explanations are the real ones.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from pair_models import SENTIMENT, KnownLogits, PairTokenizer

from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch
from distilbert_sentiment_arch.classify.guarded_classifier import GuardedClassifier
from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.application import Application
from distilbert_sentiment_arch.serving.body import BufferedBytes
from distilbert_sentiment_arch.serving.page_files import page_files
from distilbert_sentiment_arch.serving.standalone.routes import lexicon_app
from distilbert_sentiment_arch.serving.standalone.telemetry import LocalTelemetry
from distilbert_sentiment_arch.settings.api_keys import ApiKeys
from distilbert_sentiment_arch.settings.defaults import MAX_REQUEST_BYTES
from distilbert_sentiment_arch.settings.limits import Limits

LIMIT = 64
"""Most tokens of a text."""


@dataclass
class Model:
    """A model of known logits, that a test slows down or breaks.

    Attributes:
        labels: Its labels.
        seconds: Seconds that a batch takes.
        held: Batches wait until this is False.
        batches: Sequences of each batch so far.
        failure: What batches fail with; None where they succeed.
    """

    labels: Sequence[str] = SENTIMENT
    seconds: float = 0.0
    held: bool = False
    failure: Exception | None = None
    max_in_flight: int = 1
    batches: list[int] = field(default_factory=list)

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        """See ``batching.Transport``."""
        self.batches.append(len(sequences))
        await asyncio.sleep(self.seconds)
        while self.held:  # noqa: ASYNC110  another thread sets it
            await asyncio.sleep(0.01)
        if self.failure:
            raise self.failure
        return await KnownLogits(len(self.labels)).compute(sequences)


@contextmanager
def page_server(
    model: Model,
    *,
    name: str = "known",
    problem_type: ProblemType = "single_label_classification",
    keys: str = "",
    **limits: float,
) -> Iterator[str]:
    """Serves the page with a model and the built-in word lists; yields the address.

    Args:
        model: What computes the logits.
        name: Its name.
        problem_type: What its scores are.
        keys: API keys, commas between them; none where it is empty.
        **limits: Limits of the operator.
    """
    set_limits = Limits(**limits)  # type: ignore[arg-type]
    batcher = Batcher(
        model, max_sequences=8, max_tokens=512, max_pending_tokens=set_limits.max_pending_tokens
    )
    classifier = GuardedClassifier(
        ModelClassifier(
            name,
            PairTokenizer(),
            LabelSet(tuple(model.labels), problem_type),
            LIMIT,
            batcher,
            set_limits.max_request_tokens,
        ),
        set_limits.deadline_s,
        lambda: batcher.answered,
    )
    application = Application(
        default=classifier,
        lexicons=LexiconSettings.from_environment({}).classifiers(),
        ready=classifier.readiness.check,
        load=None,
        limits=set_limits,
        buffered=BufferedBytes(10_000_000),
        keys=ApiKeys({"MAX_SENTIMENT_API_KEYS": keys} if keys else {}),
        telemetry=LocalTelemetry("127.0.0.1", 0, 0),
        page=page_files(),
    )
    config = uvicorn.Config(
        lexicon_app(application, MAX_REQUEST_BYTES),
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        (socket,) = server.servers[0].sockets
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
