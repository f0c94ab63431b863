"""The model behind MAX Serve's queue as a source of logits."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from max.pipelines.modeling.types import EmbeddingsGenerationOutput, RequestID
from max.serve.pipelines.llm import TokenGeneratorPipeline
from max.serve.worker_interface import RequestQueueFull

from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch
from distilbert_sentiment_arch.classify.model_classifier import Inference
from distilbert_sentiment_arch.classify.truncation import TokenIds
from distilbert_sentiment_arch.engine.batch_context import computed_of, context_of
from distilbert_sentiment_arch.errors import Overloaded, Unavailable

ON_THE_WAY = 2
"""Batches in MAX's queue or at work: while one is computed, the next one lies ready."""

_QUEUE_POLL_S = 0.01


class WorkerTransport:
    """Sends batches through MAX's queue to the model worker.

    Args:
        pipeline: MAX Serve's own client of the worker.
        num_labels: Labels of the model.
        max_batch_size: Most sequences in one pass of the worker.
        max_batch_tokens: Most tokens in one batch.
        max_pending_tokens: Backlog at which requests are refused.
    """

    def __init__(
        self,
        pipeline: TokenGeneratorPipeline,
        num_labels: int,
        *,
        max_batch_size: int,
        max_batch_tokens: int,
        max_pending_tokens: int,
    ) -> None:
        self._pipeline = pipeline
        self._num_labels = num_labels
        self._max_pending_tokens = max_pending_tokens
        self._reserved = 0
        self._keys = itertools.count()
        # The worker computes in one pass whatever it finds in the queue.
        most = max(1, max_batch_size // ON_THE_WAY)
        self._batcher = Batcher(self._compute, most, max_batch_tokens, ON_THE_WAY)

    @property
    def pending_tokens(self) -> int:
        """Tokens accepted and not yet computed."""
        return self._reserved + self._batcher.pending_tokens

    @property
    def answered(self) -> int:
        """Sequences answered so far."""
        return self._batcher.answered

    def take_non_finite(self) -> int:
        """Returns for how many sequences the model put out NaN or infinity since the last call."""
        count, self._batcher.non_finite = self._batcher.non_finite, 0
        return count

    @contextmanager
    def reserve(self, tokens: int) -> Iterator[None]:
        """See ``LogitsSource``.

        Whatever its size, a request is accepted while the backlog is under the limit: the backlog
        is bounded by the limit plus one request, and none is too large for an idle server.

        Raises:
            Overloaded: The backlog is full.
        """
        if self.pending_tokens >= self._max_pending_tokens:
            raise Overloaded()
        self._reserved += tokens
        try:
            yield
        finally:
            self._reserved -= tokens

    async def infer(self, sequences: Sequence[TokenIds]) -> Inference:
        """See ``LogitsSource``.

        Raises:
            Unavailable: The worker gave no answer.
        """
        return await self._batcher.infer(sequences)

    async def _compute(self, sequences: Sequence[TokenIds]) -> ComputedBatch:
        key = RequestID(f"batch-{next(self._keys)}")
        context = context_of(sequences, key, self._pipeline.model_name)
        while True:
            try:
                stream = await self._pipeline.model_worker.stream(key, context)
                break
            except RequestQueueFull:  # an operator's bound on it under ON_THE_WAY
                await asyncio.sleep(_QUEUE_POLL_S)
        computed = None
        # To its end: MAX sends a cancellation for a stream that is left early, and its scheduler
        # for encoders keeps every cancellation, unread.
        async for outputs, _ in stream:
            (output,) = outputs
            assert isinstance(output, EmbeddingsGenerationOutput)
            computed = computed_of(output, len(sequences), self._num_labels)
        if computed is None:
            raise Unavailable("The model worker gave no answer. Retry in a while.")
        return computed
