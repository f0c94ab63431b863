"""The model behind MAX Serve's queue as a source of logits."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from max.pipelines.modeling.types import RequestID, TextGenerationRequest
from max.serve.pipelines.llm import TokenGeneratorPipeline
from max.serve.worker_interface import RequestQueueFull

from distilbert_sentiment_arch.classifier import Inference
from distilbert_sentiment_arch.errors import DeadlineExceeded, Overloaded
from distilbert_sentiment_arch.limits import Limits
from distilbert_sentiment_arch.model import Row
from distilbert_sentiment_arch.truncation import TokenIds


class ServedModel:
    """Sends each sequence through MAX's queue to the model worker, which batches what it finds.

    Args:
        pipeline: MAX Serve's own client of the worker.
        limits: Deadline, backlog, and how much of one request is in the queue at a time.

    Attributes:
        pending_tokens: Tokens accepted and not yet answered.
    """

    def __init__(self, pipeline: TokenGeneratorPipeline, limits: Limits) -> None:
        self._pipeline = pipeline
        self._limits = limits
        self.pending_tokens = 0

    async def infer(self, sequences: Sequence[TokenIds]) -> Inference:
        """See ``LogitsSource``.

        Raises:
            Overloaded: The backlog or the queue is full.
            DeadlineExceeded: Not every sequence was answered in time.
        """
        places = asyncio.Semaphore(self._limits.in_flight)
        call = uuid.uuid4().hex

        async def one(index: int, ids: TokenIds) -> tuple[float, Row]:
            start = time.perf_counter()
            async with places:
                output = await self._pipeline.encode(
                    TextGenerationRequest(
                        request_id=RequestID(f"{call}-{index}"),
                        model_name=self._pipeline.model_name,
                        prompt=ids.tolist(),
                    )
                )
            return (time.perf_counter() - start) * 1000, Row.of(output)

        with self._accepted(sum(map(len, sequences))):
            try:
                async with asyncio.timeout(self._limits.deadline_s):
                    answers = await _all(one(index, ids) for index, ids in enumerate(sequences))
            except TimeoutError:
                raise DeadlineExceeded(self._limits.deadline_s) from None
        waited, last = max(answers, key=lambda answer: answer[0])
        return Inference(
            np.stack([row.logits for _, row in answers]),
            queue_ms=max(0.0, waited - last.compute_ms),
            compute_ms=last.compute_ms,
            batch_sizes=[row.batch_size for _, row in answers],
        )

    @contextmanager
    def _accepted(self, tokens: int) -> Iterator[None]:
        # Whatever its size, a request is accepted while the backlog is under the limit: the backlog
        # is bounded by the limit plus one request, and no request is too large for an idle server.
        if self.pending_tokens >= self._limits.max_pending_tokens:
            raise Overloaded()
        self.pending_tokens += tokens
        try:
            yield
        finally:
            self.pending_tokens -= tokens


async def _all(calls: Iterable[Coroutine[Any, Any, tuple[float, Row]]]) -> list[tuple[float, Row]]:
    """Runs calls side by side; the first that fails cancels the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except* RequestQueueFull:
        raise Overloaded() from None
    return [task.result() for task in tasks]
