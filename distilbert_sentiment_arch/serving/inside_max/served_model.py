"""The model behind MAX Serve's queue as a source of logits."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from max.pipelines.modeling.types import (
    EmbeddingsGenerationOutput,
    RequestID,
    TextGenerationRequest,
)
from max.serve.pipelines.llm import TokenGeneratorPipeline
from max.serve.worker_interface import RequestQueueFull

from distilbert_sentiment_arch.classifier import Inference
from distilbert_sentiment_arch.errors import Overloaded, Unavailable
from distilbert_sentiment_arch.limits import Limits
from distilbert_sentiment_arch.model import Row
from distilbert_sentiment_arch.truncation import TokenIds

_QUEUE_POLL_S = 0.01


@dataclass
class _Batch:
    """The sequences of one request.

    Attributes:
        places: How many of them may be in MAX's queue at a time.
        begun: One of them has been accepted by the queue.
        abandoned: Nobody waits for them any more.
    """

    places: asyncio.Semaphore
    begun: bool = False
    abandoned: bool = False
    call: str = field(default_factory=lambda: uuid.uuid4().hex)


class ServedModel:
    """Sends each sequence through MAX's queue to the model worker, which batches what it finds.

    Args:
        pipeline: MAX Serve's own client of the worker.
        limits: The backlog, and how much of one request is in the queue at a time.

    Attributes:
        pending_tokens: Tokens accepted and not yet computed.
        answered: Sequences answered so far.
    """

    def __init__(self, pipeline: TokenGeneratorPipeline, limits: Limits) -> None:
        self._pipeline = pipeline
        self._limits = limits
        self.pending_tokens = 0
        self.answered = 0

    @contextmanager
    def reserve(self, tokens: int) -> Iterator[None]:
        """See ``LogitsSource``.

        Whatever its size, a request is accepted while the backlog is under the limit: the backlog
        is bounded by the limit plus one request, and none is too large for an idle server.

        Raises:
            Overloaded: The backlog is full.
        """
        if self.pending_tokens >= self._limits.max_pending_tokens:
            raise Overloaded()
        self.pending_tokens += tokens
        try:
            yield
        finally:
            self.pending_tokens -= tokens

    async def infer(self, sequences: Sequence[TokenIds]) -> Inference:
        """See ``LogitsSource``.

        Raises:
            Overloaded: The queue is full.
            Unavailable: The worker gave no answer.
        """
        batch = _Batch(asyncio.Semaphore(self._limits.in_flight))
        tasks = [
            asyncio.create_task(self._one(batch, index, ids)) for index, ids in enumerate(sequences)
        ]
        try:
            # Not gather, not a task group: they would cancel what the worker computes all the same,
            # and MAX's scheduler for encoders keeps every cancellation it is sent, unread.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            batch.abandoned = True
            for task in tasks:
                task.add_done_callback(_forget)
        answers = [task.result() for task in tasks]
        waited, last = max(answers, key=lambda answer: answer[0])
        return Inference(
            np.stack([row.logits for _, row in answers]),
            queue_ms=max(0.0, waited - last.compute_ms),
            compute_ms=last.compute_ms,
            batch_sizes=[row.batch_size for _, row in answers],
        )

    async def _one(self, batch: _Batch, index: int, ids: TokenIds) -> tuple[float, Row]:
        start = time.perf_counter()
        self.pending_tokens += len(ids)
        try:
            async with batch.places:
                row = await self._through_the_queue(batch, RequestID(f"{batch.call}-{index}"), ids)
        finally:
            self.pending_tokens -= len(ids)
        self.answered += 1
        return (time.perf_counter() - start) * 1000, row

    async def _through_the_queue(self, batch: _Batch, key: RequestID, ids: TokenIds) -> Row:
        request = TextGenerationRequest(
            request_id=key, model_name=self._pipeline.model_name, prompt=ids.tolist()
        )
        context = await self._pipeline.tokenizer.new_context(request)
        while True:
            if batch.abandoned:
                raise Unavailable("The request is no longer waited for.")
            try:
                stream = await self._pipeline.model_worker.stream(key, context)
                break
            except RequestQueueFull:
                if not batch.begun:
                    raise Overloaded() from None
                await asyncio.sleep(_QUEUE_POLL_S)  # what is computed already is not thrown away
        batch.begun = True
        row = None
        # To its end: a stream that is left early sends a cancellation.
        async for outputs, _ in stream:
            (output,) = outputs
            assert isinstance(output, EmbeddingsGenerationOutput)
            row = Row.of(output)
        if row is None:
            raise Unavailable("The model worker gave no answer. Retry in a while.")
        return row


def _forget(task: asyncio.Task[tuple[float, Row]]) -> None:
    """Takes note of an outcome that nobody waits for, so that asyncio does not complain."""
    if not task.cancelled():
        task.exception()
