"""Batches: every request gets its own rows, and none waits for a long list."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch, Inference
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.errors import NonFiniteLogits, Overloaded


class Sums:
    """A transport whose logits are a sequence's sum and length; it computes when it is let."""

    def __init__(self, max_in_flight: int = 1) -> None:
        self.max_in_flight = max_in_flight
        self.batches: list[list[list[int]]] = []
        self.let = asyncio.Event()
        self.let.set()
        self.failure: Exception | None = None

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        batch = [each.ids for each in sequences]
        self.batches.append([ids.tolist() for ids in batch])
        await self.let.wait()
        if self.failure:
            raise self.failure
        logits = np.array([[ids.sum(), len(ids)] for ids in batch], dtype=np.float32)
        return ComputedBatch(logits, 1.0, len(batch))


class NotFinite(Sums):
    """Puts out NaN for a sequence that begins with 1, infinity for one that begins with 2."""

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        logits = {1: np.nan, 2: np.inf}
        rows = [[logits.get(int(each.ids[0]), 5), 0] for each in sequences]
        return ComputedBatch(np.array(rows, dtype=np.float32), 1.0, len(rows))


def of(*sequences: list[int]) -> list[TokenSequence]:
    return [single_segment(np.array(ids, dtype=np.int64)) for ids in sequences]


def in_time(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 5))


def test_rows_come_back_in_order_whatever_batch_they_were_in() -> None:
    async def run() -> None:
        model = Sums(max_in_flight=2)
        batcher = Batcher(model, max_sequences=3, max_tokens=100)
        lists = [[[n, k] for k in range(n + 1)] for n in range(10)]
        found = await asyncio.gather(*(batcher.infer(of(*each)) for each in lists))
        for sequences, inference in zip(lists, found, strict=True):
            assert inference.logits.tolist() == [[sum(ids), len(ids)] for ids in sequences]
            assert len(inference.batch_sizes) == len(sequences)
        assert all(len(batch) <= 3 for batch in model.batches)
        assert batcher.pending_tokens == 0
        assert batcher.answered == sum(map(len, lists))

    in_time(run())


def test_tokens_bound_a_batch_and_a_longer_sequence_goes_alone() -> None:
    async def run() -> None:
        model = Sums()
        batcher = Batcher(model, max_sequences=10, max_tokens=4)
        await batcher.infer(of([1, 1], [1, 1], [1], [1] * 9, [1, 1]))
        assert [[len(ids) for ids in batch] for batch in model.batches] == [[2, 2], [1], [9], [2]]

    in_time(run())


def test_others_get_in_between_a_long_list() -> None:
    async def run() -> None:
        model = Sums()
        model.let.clear()
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        long, short = (
            asyncio.create_task(batcher.infer(sequences))
            for sequences in (of(*([1] for _ in range(50))), of([2]))
        )
        await asyncio.sleep(0.01)
        model.let.set()
        await short
        assert not long.done()
        assert len(model.batches) <= 3
        await long

    in_time(run())


def test_no_more_than_asked_for_are_on_the_way() -> None:
    async def run() -> None:
        model = Sums(max_in_flight=2)
        model.let.clear()
        batcher = Batcher(model, max_sequences=1, max_tokens=100)
        task = asyncio.create_task(batcher.infer(of([1], [2], [3])))
        await asyncio.sleep(0.01)
        assert model.batches == [[[1]], [[2]]]
        assert batcher.pending_tokens == 3
        model.let.set()
        await task

    in_time(run())


def test_what_nobody_waits_for_is_not_computed() -> None:
    async def run() -> None:
        model = Sums()
        model.let.clear()
        batcher = Batcher(model, max_sequences=1, max_tokens=100)
        given_up = asyncio.create_task(batcher.infer(of([1], [2], [3])))
        await asyncio.sleep(0.01)
        given_up.cancel()
        await asyncio.sleep(0.01)
        assert batcher.pending_tokens == 1  # the one that is being computed
        model.let.set()
        await batcher.infer(of([4]))
        assert model.batches == [[[1]], [[4]]]
        assert batcher.pending_tokens == 0

    in_time(run())


def test_a_failure_reaches_who_was_in_the_batch_and_no_one_else() -> None:
    async def run() -> None:
        model = Sums()
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        model.failure = RuntimeError("no")
        with pytest.raises(RuntimeError, match="no"):
            await batcher.infer(of([1], [2], [3], [4]))
        model.failure = None
        assert (await batcher.infer(of([5]))).logits.tolist() == [[5, 1]]
        assert model.batches == [[[1], [2]], [[5]]]
        assert batcher.pending_tokens == 0

    in_time(run())


def test_what_is_not_finite_is_no_answer_and_costs_nobody_else_theirs() -> None:
    async def run() -> None:
        batcher = Batcher(NotFinite(), max_sequences=8, max_tokens=100)
        asked = (of([0]), of([0], [1]), of([2]), of([0], [0]))
        found = await asyncio.gather(*map(batcher.infer, asked), return_exceptions=True)
        kinds = [type(each) for each in found]
        assert kinds == [Inference, NonFiniteLogits, NonFiniteLogits, Inference]
        assert (batcher.answered, batcher.pending_tokens) == (4, 0)
        assert (batcher.take_non_finite(), batcher.take_non_finite()) == (2, 0)

    in_time(run())


def test_a_full_backlog_refuses_and_an_idle_one_takes_a_request_of_any_size() -> None:
    async def run() -> None:
        model = Sums()
        model.let.clear()
        batcher = Batcher(model, max_sequences=8, max_tokens=100, max_pending_tokens=10)
        with batcher.reserve(1000):  # its text is being tokenized
            assert batcher.pending_tokens == 1000
            with pytest.raises(Overloaded), batcher.reserve(1):
                pass
        assert batcher.pending_tokens == 0
        computed = asyncio.create_task(batcher.infer(of([1] * 10)))
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded), batcher.reserve(1):
            pass
        model.let.set()
        await computed
        with batcher.reserve(1):
            pass

    in_time(run())
