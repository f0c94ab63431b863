"""Copies to and from a device, run on MAX's CPU device, whose copies are real as well."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from max.driver import CPU, Buffer

from distilbert_sentiment_arch.engine.device_transfer import PLACES, DeviceTransfer
from distilbert_sentiment_arch.engine.ragged_inputs import Array


def sums(values: Buffer, scale: Buffer, offsets: Buffer) -> list[Buffer]:
    """Computes a row for each offset: itself, and the sum of all values times the scale."""
    CPU().default_queue.synchronize()  # an accelerator's passes stand in the queue of the copies
    numbers, factor, rows = values.to_numpy(), scale.to_numpy(), offsets.to_numpy()
    result = [[float(row), float(numbers.sum() * factor[0])] for row in rows]
    return [Buffer.from_numpy(np.array(result, np.float32))]


def batch(size: int, scale: int = 1, rows: int = 3) -> list[Array]:
    return [
        np.arange(size, dtype=np.int64),
        np.array([scale], np.uint32),
        np.arange(rows, dtype=np.uint32),
    ]


def expected(size: int, scale: int = 1, rows: int = 3) -> list[list[float]]:
    total = float(np.float32(scale * size * (size - 1) / 2))
    return [[row, total] for row in range(rows)]


@pytest.fixture
def transfer() -> DeviceTransfer:
    return DeviceTransfer(CPU(), [False, True, False], sums)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1000, 100_000])
def test_a_pass(transfer: DeviceTransfer, size: int) -> None:
    assert transfer.start(batch(size, 3)).logits().tolist() == expected(size, 3)


def test_memory_is_reused_by_smaller_batches_and_replaced_for_larger_ones(
    transfer: DeviceTransfer,
) -> None:
    for size in (5, 3000, 2, 50_000, 1, 50_000, 7):
        for rows in (1, 200):
            found = transfer.start(batch(size, rows=rows)).logits()
            assert found.tolist() == expected(size, rows=rows)


def test_logits_are_kept_when_their_memory_is_used_again(transfer: DeviceTransfer) -> None:
    first = transfer.start(batch(10)).logits()
    for size in (20, 30, 40):
        transfer.start(batch(size)).logits()
    assert first.tolist() == expected(10)


def test_two_passes_are_under_way_at_a_time(transfer: DeviceTransfer) -> None:
    started = [transfer.start(batch(size)) for size in (4, 5)]
    assert len(started) == PLACES
    third: list[list[list[float]]] = []
    waiting = threading.Thread(
        target=lambda: third.append(transfer.start(batch(6)).logits().tolist())
    )
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    assert [each.logits().tolist() for each in started] == [expected(4), expected(5)]
    waiting.join(20)
    assert third == [expected(6)]


def test_a_pass_that_fails_leaves_its_place() -> None:
    failing = [True]

    def execute(*inputs: Buffer) -> list[Buffer]:
        if failing[0]:
            raise RuntimeError("no such kernel")
        return sums(*inputs)

    transfer = DeviceTransfer(CPU(), [False, True, False], execute)
    for _ in range(2 * PLACES):
        with pytest.raises(RuntimeError, match="no such kernel"):
            transfer.start(batch(5))
    failing[0] = False
    assert transfer.start(batch(5)).logits().tolist() == expected(5)


def test_arrays_that_stay_on_the_host_are_not_copied() -> None:
    seen: list[int] = []

    def execute(values: Buffer, scale: Buffer, offsets: Buffer) -> list[Buffer]:
        seen.append(scale._data_ptr())
        return sums(values, scale, offsets)

    arrays = batch(5)
    DeviceTransfer(CPU(), [False, True, False], execute).start(arrays).logits()
    assert seen == [arrays[1].ctypes.data]
