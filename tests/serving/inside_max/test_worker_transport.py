"""The transport to the model worker: every batch gets its own logits, or an error."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from summing_worker import sums

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine.max_internals.worker_loop import BatchWorker
from distilbert_sentiment_arch.engine.worker_messages import encode_answer
from distilbert_sentiment_arch.errors import Unavailable
from distilbert_sentiment_arch.serving.inside_max.worker_transport import (
    WorkerTransport,
    worker_transport,
)

Use = Callable[[WorkerTransport, socket.socket], Coroutine[Any, Any, None]]


def connected(use: Use) -> None:
    """Runs a test with a transport and the worker's end of its socket."""
    api_end, worker_end = socket.socketpair()

    async def run() -> None:
        async with worker_transport(api_end, num_labels=2) as transport:
            await asyncio.wait_for(use(transport, worker_end), 20)

    with api_end, worker_end:
        asyncio.run(run())


def batch(*lengths: int) -> list[TokenSequence]:
    return [single_segment(np.arange(length)) for length in lengths]


def expected(*lengths: int) -> list[list[int]]:
    return [[length * (length - 1) // 2, length] for length in lengths]


def test_each_batch_gets_its_own_logits_whatever_its_size() -> None:
    async def use(transport: WorkerTransport, worker_end: socket.socket) -> None:
        worker = threading.Thread(target=BatchWorker(worker_end, sums).answer_for, args=(20,))
        worker.start()
        # The third is larger than the buffers of the socket.
        asked = [(1,), (2, 3, 1), (5,) * 50_000, (7,)]
        answers = await asyncio.gather(*(transport.compute(batch(*each)) for each in asked))
        for lengths, answer in zip(asked, answers, strict=True):
            assert answer.logits.tolist() == expected(*lengths)
        transport.close()
        await asyncio.to_thread(worker.join)

    connected(use)


def test_answers_may_arrive_in_pieces_or_together() -> None:
    async def use(transport: WorkerTransport, worker_end: socket.socket) -> None:
        asked = [transport.compute(batch(1)), transport.compute(batch(2, 2))]
        rows = [np.array([[1, 2]], np.float32), np.array([[3, 4], [5, 6]], np.float32)]
        message = b"".join(encode_answer(each, 0.5) for each in rows)
        for piece in (message[:3], message[3:20], message[20:]):
            worker_end.sendall(piece)
            await asyncio.sleep(0.01)
        assert [(await each).logits.tolist() for each in asked] == [each.tolist() for each in rows]

    connected(use)


def test_an_answer_that_nobody_waits_for_is_not_given_to_another() -> None:
    async def use(transport: WorkerTransport, worker_end: socket.socket) -> None:
        given_up, kept = transport.compute(batch(1)), transport.compute(batch(1))
        given_up.cancel()
        for value in (1, 2):
            worker_end.sendall(encode_answer(np.full((1, 2), value, np.float32), 0.5))
        assert (await kept).logits.tolist() == [[2, 2]]

    connected(use)


def test_the_end_of_the_worker_fails_what_it_was_asked_and_what_follows() -> None:
    async def use(transport: WorkerTransport, worker_end: socket.socket) -> None:
        asked = transport.compute(batch(1))
        worker_end.close()
        for answer in (asked, transport.compute(batch(1))):
            with pytest.raises(Unavailable):
                await answer
        with pytest.raises(Unavailable):
            await transport.compute(batch(1))

    connected(use)
