"""The model worker's wait for batches, in place of MAX's own pauses."""

from __future__ import annotations

import asyncio
import inspect
import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from max.serve.pipelines import model_worker

from distilbert_sentiment_arch.classify.token_sequence import single_segment
from distilbert_sentiment_arch.engine.inputs import EncoderInputs
from distilbert_sentiment_arch.engine.max_internals import worker_loop
from distilbert_sentiment_arch.engine.worker_messages import (
    decode_answer,
    encode_batch,
    size_of_answer,
)


def sums(inputs: EncoderInputs) -> npt.NDArray[np.float32]:
    """Computes the sum and the number of each sequence's tokens in place of logits."""
    parts = np.split(inputs.input_ids, inputs.starts[1:-1])
    return np.array([[part.sum(), len(part)] for part in parts], dtype=np.float32)


def batch(*sequences: list[int]) -> bytes:
    return encode_batch([single_segment(np.array(ids, dtype=np.int64)) for ids in sequences])


def answer(connection: socket.socket, sequences: int) -> list[list[float]]:
    size = size_of_answer(sequences, 2)
    content = connection.recv(size, socket.MSG_WAITALL)
    rows: list[list[float]] = decode_answer(content, sequences).logits.tolist()
    return rows


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Records MAX's own pauses in place of taking them."""
    noted: list[int] = []

    async def own(count_no_progress: int) -> None:
        noted.append(count_no_progress)

    monkeypatch.setattr(model_worker, "sleep_with_backoff", own)
    monkeypatch.setattr(worker_loop, "_loaded", [])
    worker_loop.offer(sums)
    return noted


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    api, worker = socket.socketpair()
    with api, worker:
        api.settimeout(20)
        yield api, worker


Ends = tuple[socket.socket, socket.socket]


def test_the_worker_of_max_calls_the_replaced_function() -> None:
    assert "await sleep_with_backoff(count_no_progress)" in inspect.getsource(model_worker)


def test_batches_are_answered_in_order(pauses: list[int], ends: Ends) -> None:
    api, worker = ends
    worker_loop.answer_batches(worker)
    api.sendall(batch([1, 2], [3]) + batch([4, 5, 6]))
    asyncio.run(model_worker.sleep_with_backoff(0))
    assert answer(api, 2) == [[3, 2], [3, 1]]
    assert answer(api, 1) == [[15, 3]]
    assert pauses == []


def test_a_batch_that_arrives_meanwhile_ends_the_wait(pauses: list[int], ends: Ends) -> None:
    api, worker = ends
    waiting = worker_loop.BatchWorker(worker, sums)
    thread = threading.Thread(target=waiting.answer_for, args=(30,))
    thread.start()
    for number in range(3):
        time.sleep(0.01)  # the worker waits again
        api.sendall(batch([number]))
        assert answer(api, 1) == [[number, 1]]
    api.close()
    thread.join(20)
    assert not thread.is_alive()


def test_where_nothing_arrives_max_has_its_turn(pauses: list[int], ends: Ends) -> None:
    _, worker = ends
    worker_loop.answer_batches(worker)
    assert worker_loop.BatchWorker(worker, sums).answer_for(worker_loop.TURN_S)
    asyncio.run(model_worker.sleep_with_backoff(7))
    assert pauses == []


def test_once_the_connection_has_ended_the_pauses_are_those_of_max(
    pauses: list[int], ends: Ends
) -> None:
    api, worker = ends
    worker_loop.answer_batches(worker)
    api.sendall(batch([1, 2])[:-1])  # and half a batch is not computed
    api.close()
    asyncio.run(model_worker.sleep_with_backoff(7))
    asyncio.run(model_worker.sleep_with_backoff(8))
    assert pauses == [7, 8]


def test_an_answer_that_nobody_waits_for_ends_the_connection(ends: Ends) -> None:
    api, worker = ends

    def gone(inputs: EncoderInputs) -> npt.NDArray[np.float32]:
        api.close()
        return sums(inputs)

    api.sendall(batch([1]))
    assert not worker_loop.BatchWorker(worker, gone).answer_for(1)


def test_a_failure_of_the_model_ends_the_worker(ends: Ends) -> None:
    def failing(inputs: EncoderInputs) -> npt.NDArray[np.float32]:
        raise RuntimeError("no such kernel")

    api, worker = ends
    api.sendall(batch([1]))
    with pytest.raises(RuntimeError, match="no such kernel"):
        worker_loop.BatchWorker(worker, failing).answer_for(1)


class Pass:
    """A pass that notes when it is started and waited for."""

    def __init__(self, inputs: EncoderInputs, noted: list[str]) -> None:
        self._inputs, self._noted = inputs, noted
        self._name = str(inputs.input_ids[0])
        noted.append(f"start {self._name}")

    def logits(self) -> npt.NDArray[np.float32]:
        self._noted.append(f"wait {self._name}")
        return sums(self._inputs)


def test_a_batch_is_queued_before_the_one_before_is_waited_for(ends: Ends) -> None:
    api, worker = ends
    noted: list[str] = []
    overlapping = worker_loop.OverlappingBatchWorker(worker, lambda inputs: Pass(inputs, noted))
    api.sendall(batch([1]) + batch([2]) + batch([3]))
    assert overlapping.answer_for(0.1)
    assert noted == ["start 1", "start 2", "wait 1", "start 3", "wait 2", "wait 3"]
    assert [answer(api, 1) for _ in range(3)] == [[[1, 1]], [[2, 1]], [[3, 1]]]


def test_a_single_batch_is_answered_without_another(ends: Ends) -> None:
    api, worker = ends
    noted: list[str] = []
    overlapping = worker_loop.OverlappingBatchWorker(worker, lambda inputs: Pass(inputs, noted))
    thread = threading.Thread(target=overlapping.answer_for, args=(30,))
    thread.start()
    api.sendall(batch([4, 5]))
    assert answer(api, 1) == [[9, 2]]
    api.sendall(batch([6]))
    assert answer(api, 1) == [[6, 1]]
    api.close()
    thread.join(20)
    assert not thread.is_alive()
    assert noted == ["start 4", "wait 4", "start 6", "wait 6"]


def test_no_pass_is_left_under_way(ends: Ends) -> None:
    """MAX's own queue is served between two calls, and needs the accelerator's memory."""
    api, worker = ends
    noted: list[str] = []
    overlapping = worker_loop.OverlappingBatchWorker(worker, lambda inputs: Pass(inputs, noted))
    api.sendall(batch([1]) + batch([2]) + batch([3])[:-1])  # the last one is cut short
    api.close()
    assert not overlapping.answer_for(30)
    assert noted == ["start 1", "start 2", "wait 1", "wait 2"]


def test_a_model_whose_passes_overlap(pauses: list[int], ends: Ends) -> None:
    api, worker = ends
    noted: list[str] = []
    worker_loop.offer(sums, lambda inputs: Pass(inputs, noted))
    worker_loop.answer_batches(worker)
    api.sendall(batch([7]))
    asyncio.run(model_worker.sleep_with_backoff(0))
    assert answer(api, 1) == [[7, 1]]
    assert noted == ["start 7", "wait 7"]


def test_a_worker_of_another_model_pauses_as_max_does(
    monkeypatch: pytest.MonkeyPatch, pauses: list[int], ends: Ends
) -> None:
    monkeypatch.setattr(worker_loop, "_loaded", [])
    worker_loop.answer_batches(ends[1])
    asyncio.run(model_worker.sleep_with_backoff(3))
    assert pauses == [3]


def test_other_tasks_of_the_event_loop_run_meanwhile(pauses: list[int], ends: Ends) -> None:
    worker_loop.answer_batches(ends[1])

    async def wait() -> bool:
        task = asyncio.create_task(asyncio.sleep(0))
        await model_worker.sleep_with_backoff(0)
        await model_worker.sleep_with_backoff(1)
        return task.done()

    assert asyncio.run(wait())
