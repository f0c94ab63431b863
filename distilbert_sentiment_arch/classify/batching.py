"""Which sequences go through the model together, and when."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from distilbert_sentiment_arch.classify.model_classifier import Inference, Logits
from distilbert_sentiment_arch.classify.truncation import TokenIds
from distilbert_sentiment_arch.errors import NonFiniteLogits


@dataclass(frozen=True)
class ComputedBatch:
    """What a pass over a batch gave.

    Attributes:
        logits: ``(sequences, num_labels)``, in the order of the batch.
        compute_ms: Milliseconds the pass took.
        size: Sequences in the pass; more than were sent where others were computed with them.
    """

    logits: Logits
    compute_ms: float
    size: int


Compute = Callable[[Sequence[TokenIds]], Awaitable[ComputedBatch]]


class _Request:
    """The sequences of one request, and the rows that are back."""

    def __init__(self, sequences: Sequence[TokenIds]) -> None:
        self.waiting = deque(enumerate(sequences))
        self.answer: asyncio.Future[Inference] = asyncio.get_running_loop().create_future()
        self._rows: list[Logits | None] = [None] * len(sequences)
        self._missing = len(sequences)
        self._batch_sizes = [0] * len(sequences)
        self._start = time.perf_counter()

    def take(self, index: int, logits: Logits, batch: ComputedBatch) -> None:
        """Takes the row of one sequence; the last one completes the answer."""
        self._rows[index] = logits
        self._batch_sizes[index] = batch.size
        self._missing -= 1
        if self._missing or self.answer.done():
            return
        waited = (time.perf_counter() - self._start) * 1000
        self.answer.set_result(
            Inference(
                np.stack([row for row in self._rows if row is not None]),
                queue_ms=max(0.0, waited - batch.compute_ms),
                compute_ms=batch.compute_ms,
                batch_sizes=self._batch_sizes,
            )
        )

    def fail(self, error: Exception) -> None:
        """Answers with an error, once."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Batcher:
    """Forms batches of what waits: a sequence of each request in turn, in the order they came.

    A long list therefore delays others by a sequence a batch, not by its length, and what nobody
    waits for any more is not computed.

    Args:
        compute: Runs a batch.
        max_sequences: Most sequences in a batch.
        max_tokens: Most tokens in a batch; a longer sequence goes alone.
        on_the_way: Most batches handed over at a time.

    Attributes:
        pending_tokens: Tokens that wait or are being computed.
        answered: Sequences that got their logits so far.
        non_finite: Sequences for which the model put out NaN or infinity.
    """

    def __init__(
        self, compute: Compute, max_sequences: int, max_tokens: int, on_the_way: int
    ) -> None:
        self._compute = compute
        self._max_sequences = max_sequences
        self._max_tokens = max_tokens
        self._most_on_the_way = on_the_way
        self._requests: deque[_Request] = deque()
        self._on_the_way = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.pending_tokens = 0
        self.answered = 0
        self.non_finite = 0

    async def infer(self, sequences: Sequence[TokenIds]) -> Inference:
        """Returns the logits of sequences once all are computed.

        Raises:
            NonFiniteLogits: The model put out NaN or infinity for one of them.
            Exception: What ``compute`` raised for a batch that one of them was in.
        """
        request = _Request(sequences)
        self.pending_tokens += sum(map(len, sequences))
        self._requests.append(request)
        self._supply()
        try:
            return await request.answer
        finally:
            self._withdraw(request)

    def _withdraw(self, request: _Request) -> None:
        if request.waiting:
            self._requests.remove(request)
            self.pending_tokens -= sum(len(ids) for _, ids in request.waiting)
            request.waiting.clear()

    def _supply(self) -> None:
        while self._requests and self._on_the_way < self._most_on_the_way:
            self._on_the_way += 1
            task = asyncio.create_task(self._run(self._form()))
            self._tasks.add(task)  # asyncio itself keeps none alive
            task.add_done_callback(self._tasks.discard)

    def _form(self) -> list[tuple[_Request, int, TokenIds]]:
        batch: list[tuple[_Request, int, TokenIds]] = []
        tokens = 0
        while self._requests and len(batch) < self._max_sequences:
            request = self._requests[0]
            index, ids = request.waiting[0]
            if batch and tokens + len(ids) > self._max_tokens:
                break
            request.waiting.popleft()
            self._requests.popleft()
            if request.waiting:
                self._requests.append(request)
            batch.append((request, index, ids))
            tokens += len(ids)
        return batch

    async def _run(self, batch: list[tuple[_Request, int, TokenIds]]) -> None:
        try:
            computed = await self._compute([ids for _, _, ids in batch])
        except Exception as error:  # for each caller to answer, whatever it is
            for request, _, _ in batch:
                request.fail(error)
                self._withdraw(request)
        else:
            finite = np.asarray(np.isfinite(computed.logits).all(axis=1))
            self.answered += int(finite.sum())
            self.non_finite += int((~finite).sum())
            for (request, index, _), row, good in zip(
                batch, computed.logits, finite.tolist(), strict=True
            ):
                if good:
                    request.take(index, row, computed)
                else:
                    request.fail(NonFiniteLogits())
                    self._withdraw(request)
        self.pending_tokens -= sum(len(ids) for _, _, ids in batch)
        self._on_the_way -= 1
        self._supply()
