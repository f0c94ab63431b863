"""The model behind MAX Serve's queue as a source of logits."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

import numpy as np
from max.pipelines.modeling.types import RequestID, TextGenerationRequest
from max.serve.pipelines.llm import TokenGeneratorPipeline
from max.serve.worker_interface import RequestQueueFull

from distilbert_sentiment_arch.classifier import Logits, TokenIds
from distilbert_sentiment_arch.errors import DeadlineExceeded, Overloaded


class ServedModel:
    """Sends each sequence through MAX's queue to the model worker, which batches what it finds.

    Args:
        pipeline: MAX Serve's own client of the worker.
        deadline: Seconds within which all sequences of one call must be answered.
        in_flight: Most sequences of one call in the queue at a time, so that one long list does
            not fill it for everybody else.
    """

    def __init__(self, pipeline: TokenGeneratorPipeline, deadline: float, in_flight: int) -> None:
        self._pipeline = pipeline
        self._deadline = deadline
        self._in_flight = in_flight

    async def logits(self, sequences: Sequence[TokenIds]) -> Logits:
        """See ``LogitsSource``.

        Raises:
            Overloaded: The queue is full.
            DeadlineExceeded: Not every sequence was answered in time.
        """
        places = asyncio.Semaphore(self._in_flight)
        call = uuid.uuid4().hex

        async def one(index: int, ids: TokenIds) -> Logits:
            async with places:
                output = await self._pipeline.encode(
                    TextGenerationRequest(
                        request_id=RequestID(f"{call}-{index}"),
                        model_name=self._pipeline.model_name,
                        prompt=ids.tolist(),
                    )
                )
            return np.asarray(output.embeddings, dtype=np.float32)

        try:
            async with asyncio.timeout(self._deadline):
                rows = await _all(one(index, ids) for index, ids in enumerate(sequences))
        except TimeoutError:
            raise DeadlineExceeded(self._deadline) from None
        return np.stack(rows)


async def _all(calls: Iterable[Coroutine[Any, Any, Logits]]) -> list[Logits]:
    """Runs calls side by side; the first that fails cancels the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call) for call in calls]
    except* RequestQueueFull:
        raise Overloaded() from None
    return [task.result() for task in tasks]
