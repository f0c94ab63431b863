"""Batches of sequences: which go through the model together, and when."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.errors import NonFiniteLogits, Overloaded, Unavailable

Logits = npt.NDArray[np.float32]


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


@dataclass(frozen=True)
class Inference:
    """Logits of the sequences of a request, and what they took.

    Attributes:
        logits: One row a sequence, ``(sequences, num_labels)``.
        queue_ms: See ``Answers.stages``.
        compute_ms: See ``Answers.stages``.
        batch_sizes: Size of the batch each sequence was in.
    """

    logits: Logits
    queue_ms: float
    compute_ms: float
    batch_sizes: Sequence[int]


class Transport(Protocol):
    """Carries batches to the compiled model: in this process, or in MAX's model worker.

    Attributes:
        max_in_flight: Most batches handed over at a time.
    """

    @property
    def max_in_flight(self) -> int:
        """See the class."""

    def compute(self, sequences: Sequence[TokenSequence]) -> Awaitable[ComputedBatch]:
        """Runs a batch.

        Raises:
            Unavailable: The model cannot answer now.
        """


_NO_LOGITS = np.empty(0, dtype=np.float32)


class _Request:
    """The sequences of one request, and the rows that are back."""

    def __init__(self, sequences: Sequence[TokenSequence]) -> None:
        self.waiting = deque(enumerate(sequences))
        self.answer: asyncio.Future[Inference] = asyncio.get_running_loop().create_future()
        self._rows: list[Logits] = [_NO_LOGITS] * len(sequences)
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
                logits[np.newaxis] if len(self._rows) == 1 else np.stack(self._rows),
                queue_ms=max(0.0, waited - batch.compute_ms),
                compute_ms=batch.compute_ms,
                batch_sizes=self._batch_sizes,
            )
        )

    def fail(self, error: Exception) -> None:
        """Answers with an error, once."""
        if not self.answer.done():
            self.answer.set_exception(error)


_Batch = list[tuple[_Request, int, TokenSequence]]
"""Sequences that go through the model together: request, place in it, tokens."""


class _Line:
    """Requests in line, of which some sequences wait for a batch.

    Attributes:
        tokens: Tokens of the sequences that wait.
        sequences: Their number.
        accepted_tokens: Tokens accepted and not yet computed.
    """

    def __init__(self) -> None:
        self._requests: deque[_Request] = deque()
        self.tokens = 0
        self.sequences = 0
        self.accepted_tokens = 0

    def __bool__(self) -> bool:
        return bool(self._requests)

    def join(self, request: _Request) -> None:
        """Takes a request in."""
        tokens = sum(len(sequence) for _, sequence in request.waiting)
        self.accepted_tokens += tokens
        self.tokens += tokens
        self.sequences += len(request.waiting)
        self._requests.append(request)

    def leave(self, request: _Request) -> None:
        """Lets a request go with what it still waits for."""
        if request.waiting:
            self._requests.remove(request)
            tokens = sum(len(sequence) for _, sequence in request.waiting)
            self.accepted_tokens -= tokens
            self.tokens -= tokens
            self.sequences -= len(request.waiting)
            request.waiting.clear()

    def form(self, max_sequences: int, max_tokens: int) -> _Batch:
        """Takes the sequences of a batch out."""
        batch: _Batch = []
        tokens = 0
        while self._requests and len(batch) < max_sequences:
            request = self._requests[0]
            index, sequence = request.waiting[0]
            if batch and tokens + len(sequence) > max_tokens:
                break
            request.waiting.popleft()
            self._requests.popleft()
            if request.waiting:
                self._requests.append(request)
            batch.append((request, index, sequence))
            tokens += len(sequence)
        self.tokens -= tokens
        self.sequences -= len(batch)
        return batch


class Batcher:
    """Source of logits: forms batches of the waiting sequences and has a transport carry them.

    Each batch takes a sequence of each request in turn, in the order they came. A long list
    therefore delays others by a sequence a batch, not by its length. Sequences of a request that
    was cancelled are not computed.

    A batch leaves at once where none is on the way. Another follows it only when it is full: a
    batch that waits for its turn anyway had better wait for more sequences.

    Requests in the background stand in a line of their own. A batch of theirs leaves where none is
    on the way and no other sequence waits: so it delays others by itself and no more.

    Args:
        transport: Carries batches to the compiled model.
        max_sequences: Most sequences in a batch.
        max_tokens: Most tokens in a batch; a longer sequence goes alone.
        max_pending_tokens: Backlog at which requests are refused; None for no limit. Requests in
            the background do not count against others.

    Attributes:
        answered: Sequences that got their logits so far.
    """

    def __init__(
        self,
        transport: Transport,
        max_sequences: int,
        max_tokens: int,
        max_pending_tokens: int | None = None,
    ) -> None:
        self._transport = transport
        self._max_sequences = max_sequences
        self._max_tokens = max_tokens
        self._max_pending_tokens = max_pending_tokens
        self._line, self._background = _Line(), _Line()
        self._in_flight = 0
        self._running: set[asyncio.Future[ComputedBatch]] = set()
        self._non_finite = 0
        self.answered = 0

    @property
    def pending_tokens(self) -> int:
        """Tokens accepted and not yet computed."""
        return self._line.accepted_tokens + self._background.accepted_tokens

    def take_non_finite(self) -> int:
        """Returns for how many sequences the model put out NaN or infinity since the last call."""
        count, self._non_finite = self._non_finite, 0
        return count

    @contextmanager
    def reserve(self, tokens: int, *, background: bool = False) -> Iterator[None]:
        """Counts about so many tokens as accepted while their text is tokenized.

        Whatever its size, a request is accepted while the backlog is under the limit: the backlog
        is bounded by the limit plus one request, and none is too large for an idle server.

        Raises:
            Overloaded: The backlog is full.
        """
        limit = self._max_pending_tokens
        line = self._background if background else self._line
        backlog = self.pending_tokens if background else line.accepted_tokens
        if limit is not None and backlog >= limit:
            raise Overloaded()
        line.accepted_tokens += tokens
        try:
            yield
        finally:
            line.accepted_tokens -= tokens

    async def infer(
        self, sequences: Sequence[TokenSequence], *, background: bool = False
    ) -> Inference:
        """Returns the logits of sequences once all are computed.

        Args:
            sequences: The sequences.
            background: Compute them while nothing else waits.

        Raises:
            NonFiniteLogits: The model put out NaN or infinity for one of them.
            Exception: What the transport raised for a batch that one of them was in.
        """
        request = _Request(sequences)
        line = self._background if background else self._line
        line.join(request)
        self._supply()
        try:
            return await request.answer
        finally:
            line.leave(request)

    def _supply(self) -> None:
        while line := self._next():
            self._in_flight += 1
            batch = line.form(self._max_sequences, self._max_tokens)
            sequences = [sequence for _, _, sequence in batch]
            answer = asyncio.ensure_future(self._transport.compute(sequences))
            self._running.add(answer)  # asyncio itself keeps no task alive
            answer.add_done_callback(partial(self._take, line, batch))

    def _next(self) -> _Line | None:
        """Returns the line that a batch may leave from now."""
        if not self._in_flight:
            return self._line or self._background or None
        full = self._line.tokens >= self._max_tokens or self._line.sequences >= self._max_sequences
        return self._line if full and self._in_flight < self._transport.max_in_flight else None

    def _take(self, line: _Line, batch: _Batch, answer: asyncio.Future[ComputedBatch]) -> None:
        """Gives each request of a batch its row, or the error that the batch ended with."""
        self._running.discard(answer)
        try:
            computed = answer.result()
        except asyncio.CancelledError:  # the event loop ends
            self._fail(line, batch, Unavailable("The server shuts down."))
        except Exception as error:  # for each caller to answer, whatever it is
            self._fail(line, batch, error)
        else:
            finite = _finite_rows(computed.logits)
            self.answered += sum(finite)
            self._non_finite += len(finite) - sum(finite)
            for (request, index, _), row, good in zip(batch, computed.logits, finite, strict=True):
                if good:
                    request.take(index, row, computed)
                else:
                    request.fail(NonFiniteLogits())
                    line.leave(request)
        line.accepted_tokens -= sum(len(sequence) for _, _, sequence in batch)
        self._in_flight -= 1
        self._supply()

    def _fail(self, line: _Line, batch: _Batch, error: Exception) -> None:
        for request, _, _ in batch:
            request.fail(error)
            line.leave(request)


def _finite_rows(logits: Logits) -> list[bool]:
    """Returns for each row whether it has neither NaN nor infinity."""
    finite = np.isfinite(logits)
    if finite.all():
        return [True] * len(logits)
    return [bool(row.all()) for row in finite]
