"""The model worker's wait for batches of the API process, in place of MAX's pauses.

MAX's own worker looks at its queue and, where it is empty, pauses for up to ten milliseconds. Here
it waits on a socket, and the arrival of a batch wakes it. MAX's queue is still read, between two
waits.
"""

from __future__ import annotations

import asyncio
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from max.serve.pipelines import model_worker

from distilbert_sentiment_arch.engine.inputs import EncoderInputs
from distilbert_sentiment_arch.engine.worker_messages import (
    HEAD_BYTES,
    decode_batch,
    encode_answer,
    size_of_batch,
)

Compute = Callable[[EncoderInputs], npt.NDArray[np.float32]]


class Started(Protocol):
    """A pass that is under way."""

    def logits(self) -> npt.NDArray[np.float32]:
        """Waits for the pass and returns its logits, ``(batch, num_labels)``."""


Start = Callable[[EncoderInputs], Started]
"""Queues a pass and returns at once."""

MOST_UNDER_WAY = 2
"""Batches that are queued on an accelerator at a time."""

TURN_S = 0.05
"""Seconds between two looks of MAX at its queue while nothing arrives: its heartbeat and signals
are served then, too."""


class _Model(NamedTuple):
    compute: Compute
    start: Start | None


_loaded: list[_Model] = []


def offer(compute: Compute, start: Start | None = None) -> None:
    """Names the functions that compute batches, once the model of this process is loaded.

    Args:
        compute: Computes the logits of a batch.
        start: Queues a batch where another one can be under way; None: passes do not overlap.
    """
    _loaded[:] = [_Model(compute, start)]


def answer_batches(connection: socket.socket) -> None:
    """Has MAX's worker loop answer the batches that arrive on a connection.

    Where the process has no model of this package, or the connection has ended, MAX pauses as
    before.
    """
    if not _loaded:
        return
    own = model_worker.sleep_with_backoff
    (model,) = _loaded
    worker: BatchWorker = BatchWorker(connection, model.compute)
    if model.start is not None:
        worker = OverlappingBatchWorker(connection, model.start)

    async def sleep_with_backoff(count_no_progress: int) -> None:
        await asyncio.sleep(0)  # other tasks of the loop have their turn
        if not worker.answer_for(TURN_S):
            await own(count_no_progress)

    model_worker.sleep_with_backoff = sleep_with_backoff


class BatchWorker:
    """Answers the batches that arrive on a connection, one after the other.

    Args:
        connection: A stream socket, in blocking mode.
        compute: Computes the logits of a batch.
    """

    def __init__(self, connection: socket.socket, compute: Compute) -> None:
        self._connection = connection
        self._compute = compute
        self._arrivals = select.poll()
        self._arrivals.register(connection, select.POLLIN)
        self._open = True

    def answer_for(self, seconds: float) -> bool:
        """Answers what arrives within a time, and returns False once the connection has ended."""
        end = time.monotonic() + seconds
        while self._open and (left := end - time.monotonic()) > 0:
            if self._arrivals.poll(left * 1000):
                self._open = self._answer()
        return self._open

    def _answer(self) -> bool:
        inputs = self._receive_batch()
        if inputs is None:
            return False
        start = time.perf_counter()
        logits = self._compute(inputs)
        return self._send(logits, start)

    def _receive_batch(self) -> EncoderInputs | None:
        head = self._receive(HEAD_BYTES)
        if head is None:
            return None
        sequences, size = size_of_batch(head)
        content = self._receive(size)
        return None if content is None else decode_batch(sequences, content)

    def _send(self, logits: npt.NDArray[np.float32], start: float) -> bool:
        elapsed_ms = (time.perf_counter() - start) * 1000
        try:
            self._connection.sendall(encode_answer(logits, elapsed_ms))
        except OSError:  # the API process has closed it
            return False
        return True

    def _receive(self, size: int) -> bytearray | None:
        content = bytearray(size)
        try:
            received = self._connection.recv_into(content, size, socket.MSG_WAITALL)
        except ConnectionError:
            return None
        return content if received == size else None


class OverlappingBatchWorker(BatchWorker):
    """Queues a batch that has arrived before it waits for the logits of the one before.

    Args:
        connection: See ``BatchWorker``.
        start: Queues a batch.
    """

    def __init__(self, connection: socket.socket, start: Start) -> None:
        super().__init__(connection, lambda inputs: start(inputs).logits())
        self._start = start
        self._under_way: deque[tuple[float, Started]] = deque()

    def answer_for(self, seconds: float) -> bool:
        """See ``BatchWorker``; all passes are answered when it returns."""
        end = time.monotonic() + seconds
        while self._open and (self._under_way or time.monotonic() < end):
            if self._arrives(end):
                inputs = self._receive_batch()
                self._open = inputs is not None
                if inputs is not None:
                    self._under_way.append((time.perf_counter(), self._start(inputs)))
            elif self._under_way:
                begun, started = self._under_way.popleft()
                self._open = self._send(started.logits(), begun)
        while self._under_way:  # whose answers nobody reads; the next passes need their memory
            self._under_way.popleft()[1].logits()
        return self._open

    def _arrives(self, end: float) -> bool:
        """Whether a batch is to be queued now: at once where others are under way."""
        left = end - time.monotonic()
        if left <= 0 or len(self._under_way) == MOST_UNDER_WAY:
            return False
        return bool(self._arrivals.poll(0 if self._under_way else left * 1000))
