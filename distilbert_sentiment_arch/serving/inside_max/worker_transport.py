"""Transport of batches to MAX's model worker and of logits back, over a socket."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from distilbert_sentiment_arch.classify.batching import ComputedBatch
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.worker_messages import (
    decode_answer,
    encode_batch,
    size_of_answer,
)
from distilbert_sentiment_arch.errors import Unavailable

MAX_IN_FLIGHT = 2
"""Maximum batches in the socket or in computation: while one is computed, a full one waits in the
socket, so that a busy worker never idles."""


class WorkerTransport(asyncio.Protocol):
    """Transport to the model worker, which answers in order; see ``batching.Transport``.

    Args:
        num_labels: Number of labels of the model.
    """

    max_in_flight = MAX_IN_FLIGHT

    def __init__(self, num_labels: int) -> None:
        self._num_labels = num_labels
        self._connection: asyncio.Transport | None = None
        self._asked: deque[tuple[int, asyncio.Future[ComputedBatch]]] = deque()
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        # uvloop's transport has this interface, but is no subclass.
        self._connection = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio where the worker has ended, or the server shuts down."""
        self._connection = None
        while self._asked:
            _, answer = self._asked.popleft()
            if not answer.done():
                answer.set_exception(_no_answer())

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._received += data
        while self._asked:
            sequences, answer = self._asked[0]
            size = size_of_answer(sequences, self._num_labels)
            if len(self._received) < size:
                return
            content = bytes(self._received[:size])
            del self._received[:size]
            self._asked.popleft()
            if not answer.done():
                answer.set_result(decode_answer(content, sequences))

    def compute(self, sequences: Sequence[TokenSequence]) -> asyncio.Future[ComputedBatch]:
        """Sends a batch to the worker.

        Returns:
            Its logits; Unavailable where the worker has ended.
        """
        answer: asyncio.Future[ComputedBatch] = asyncio.get_running_loop().create_future()
        if self._connection is None:
            answer.set_exception(_no_answer())
            return answer
        self._asked.append((len(sequences), answer))
        self._connection.write(encode_batch(sequences))
        return answer

    def close(self) -> None:
        """Ends the connection; what was asked and not answered fails."""
        if self._connection is not None:
            self._connection.close()


@asynccontextmanager
async def worker_transport(
    connection: socket.socket, num_labels: int
) -> AsyncIterator[WorkerTransport]:
    """Yields the transport over a socket, whose other end the worker has."""
    loop = asyncio.get_running_loop()
    _, transport = await loop.create_unix_connection(
        lambda: WorkerTransport(num_labels), sock=connection
    )
    try:
        yield transport
    finally:
        transport.close()


def _no_answer() -> Unavailable:
    return Unavailable("The model worker gave no answer. Retry in a while.")
