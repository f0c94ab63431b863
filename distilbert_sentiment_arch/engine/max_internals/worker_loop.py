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
from collections.abc import Callable

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

TURN_S = 0.05
"""Seconds between two looks of MAX at its queue while nothing arrives: its heartbeat and signals
are served then, too."""

_loaded: list[Compute] = []


def offer(compute: Compute) -> None:
    """Names the function that computes batches, once the model of this process is loaded."""
    _loaded[:] = [compute]


def answer_batches(connection: socket.socket) -> None:
    """Has MAX's worker loop answer the batches that arrive on a connection.

    Where the process has no model of this package, or the connection has ended, MAX pauses as
    before.
    """
    if not _loaded:
        return
    own = model_worker.sleep_with_backoff
    worker = BatchWorker(connection, _loaded[0])

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
        head = self._receive(HEAD_BYTES)
        if head is None:
            return False
        sequences, size = size_of_batch(head)
        content = self._receive(size)
        if content is None:
            return False
        inputs = decode_batch(sequences, content)
        start = time.perf_counter()
        logits = self._compute(inputs)
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
