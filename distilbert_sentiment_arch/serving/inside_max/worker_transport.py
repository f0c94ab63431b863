"""Transport of batches to MAX's model worker and of logits back, through MAX Serve's queue."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from max.pipelines.modeling.types import EmbeddingsGenerationOutput, RequestID
from max.serve.pipelines.llm import TokenGeneratorPipeline
from max.serve.worker_interface import RequestQueueFull

from distilbert_sentiment_arch.classify.batching import ComputedBatch
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.batch_context import decode_logits, encode_batch
from distilbert_sentiment_arch.errors import Unavailable

MAX_IN_FLIGHT = 2
"""Maximum batches in MAX's queue or in computation: while one is computed, the next one waits in
the queue, so that the worker never idles."""

_QUEUE_POLL_S = 0.01


class WorkerTransport:
    """Transport through MAX's queue to the model worker; see ``batching.Transport``.

    Args:
        pipeline: MAX Serve's own client of the worker.
        num_labels: Number of labels of the model.
    """

    max_in_flight = MAX_IN_FLIGHT

    def __init__(self, pipeline: TokenGeneratorPipeline, num_labels: int) -> None:
        self._pipeline = pipeline
        self._num_labels = num_labels
        self._keys = itertools.count()

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        """Computes a batch in the worker.

        Raises:
            Unavailable: The worker returned no result.
        """
        key = RequestID(f"batch-{next(self._keys)}")
        context = encode_batch(sequences, key, self._pipeline.model_name)
        while True:
            try:
                stream = await self._pipeline.model_worker.stream(key, context)
                break
            except RequestQueueFull:  # the operator's limit of the queue is below MAX_IN_FLIGHT
                await asyncio.sleep(_QUEUE_POLL_S)
        computed = None
        # The stream is read to its end: for one that is left early, MAX sends a cancellation, which
        # its scheduler for encoders never reads and keeps in memory.
        async for outputs, _ in stream:
            (output,) = outputs
            assert isinstance(output, EmbeddingsGenerationOutput)
            computed = decode_logits(output, len(sequences), self._num_labels)
        if computed is None:
            raise Unavailable("The model worker gave no answer. Retry in a while.")
        return computed
