"""The batcher: every request gets its own rows, and short requests do not wait for long lists."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.batching import Batcher, ComputedBatch, Inference
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.errors import NonFiniteLogits, Overloaded


class SumTransport:
    """A transport whose logits are a sequence's sum and length; it waits until ``go_on`` is set."""

    def __init__(self, max_in_flight: int = 1) -> None:
        self.max_in_flight = max_in_flight
        self.batches: list[list[list[int]]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.failure: Exception | None = None

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        batch = [each.ids for each in sequences]
        self.batches.append([ids.tolist() for ids in batch])
        await self.go_on.wait()
        if self.failure:
            raise self.failure
        logits = np.array([[ids.sum(), len(ids)] for ids in batch], dtype=np.float32)
        return ComputedBatch(logits, 1.0, len(batch))


class NotFiniteTransport(SumTransport):
    """Returns NaN for a sequence that begins with 1 and infinity for one that begins with 2."""

    async def compute(self, sequences: Sequence[TokenSequence]) -> ComputedBatch:
        logits = {1: np.nan, 2: np.inf}
        rows = [[logits.get(int(each.ids[0]), 5), 0] for each in sequences]
        return ComputedBatch(np.array(rows, dtype=np.float32), 1.0, len(rows))


def token_sequences(*sequences: list[int]) -> list[TokenSequence]:
    return [single_segment(np.array(ids, dtype=np.int64)) for ids in sequences]


def in_time(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 5))


def test_rows_come_back_in_order_whatever_batch_they_were_in() -> None:
    async def run() -> None:
        model = SumTransport(max_in_flight=2)
        batcher = Batcher(model, max_sequences=3, max_tokens=100)
        lists = [[[n, k] for k in range(n + 1)] for n in range(10)]
        found = await asyncio.gather(*(batcher.infer(token_sequences(*each)) for each in lists))
        for sequences, inference in zip(lists, found, strict=True):
            assert inference.logits.tolist() == [[sum(ids), len(ids)] for ids in sequences]
            assert len(inference.batch_sizes) == len(sequences)
        assert all(len(batch) <= 3 for batch in model.batches)
        assert batcher.pending_tokens == 0
        assert batcher.answered == sum(map(len, lists))

    in_time(run())


def test_a_batch_is_bounded_in_tokens_and_a_longer_sequence_goes_alone() -> None:
    async def run() -> None:
        model = SumTransport()
        batcher = Batcher(model, max_sequences=10, max_tokens=4)
        await batcher.infer(token_sequences([1, 1], [1, 1], [1], [1] * 9, [1, 1]))
        assert [[len(ids) for ids in batch] for batch in model.batches] == [[2, 2], [1], [9], [2]]

    in_time(run())


def test_short_requests_are_not_delayed_by_a_long_list() -> None:
    async def run() -> None:
        model = SumTransport()
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        long, short = (
            asyncio.create_task(batcher.infer(sequences))
            for sequences in (token_sequences(*([1] for _ in range(50))), token_sequences([2]))
        )
        await asyncio.sleep(0.01)
        model.go_on.set()
        await short
        assert not long.done()
        assert len(model.batches) <= 3
        await long

    in_time(run())


def test_no_more_than_max_in_flight_batches_are_computed_at_once() -> None:
    async def run() -> None:
        model = SumTransport(max_in_flight=2)
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=1, max_tokens=100)
        task = asyncio.create_task(batcher.infer(token_sequences([1], [2], [3])))
        await asyncio.sleep(0.01)
        assert model.batches == [[[1]], [[2]]]
        assert batcher.pending_tokens == 3
        model.go_on.set()
        await task

    in_time(run())


def test_cancelled_sequences_are_not_computed() -> None:
    async def run() -> None:
        model = SumTransport()
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=1, max_tokens=100)
        given_up = asyncio.create_task(batcher.infer(token_sequences([1], [2], [3])))
        await asyncio.sleep(0.01)
        given_up.cancel()
        await asyncio.sleep(0.01)
        assert batcher.pending_tokens == 1  # only the sequence that was already being computed
        model.go_on.set()
        await batcher.infer(token_sequences([4]))
        assert model.batches == [[[1]], [[4]]]
        assert batcher.pending_tokens == 0

    in_time(run())


def test_a_failure_reaches_the_requests_of_its_batch_and_no_other() -> None:
    async def run() -> None:
        model = SumTransport()
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        model.failure = RuntimeError("no")
        with pytest.raises(RuntimeError, match="no"):
            await batcher.infer(token_sequences([1], [2], [3], [4]))
        model.failure = None
        assert (await batcher.infer(token_sequences([5]))).logits.tolist() == [[5, 1]]
        assert model.batches == [[[1], [2]], [[5]]]
        assert batcher.pending_tokens == 0

    in_time(run())


def test_logits_that_are_not_finite_fail_only_their_own_request() -> None:
    async def run() -> None:
        batcher = Batcher(NotFiniteTransport(), max_sequences=8, max_tokens=100)
        asked = (
            token_sequences([0]),
            token_sequences([0], [1]),
            token_sequences([2]),
            token_sequences([0], [0]),
        )
        found = await asyncio.gather(*map(batcher.infer, asked), return_exceptions=True)
        kinds = [type(each) for each in found]
        assert kinds == [Inference, NonFiniteLogits, NonFiniteLogits, Inference]
        assert (batcher.answered, batcher.pending_tokens) == (4, 0)
        assert (batcher.take_non_finite(), batcher.take_non_finite()) == (2, 0)

    in_time(run())


def test_a_full_backlog_refuses_and_an_idle_one_takes_a_request_of_any_size() -> None:
    async def run() -> None:
        model = SumTransport()
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=8, max_tokens=100, max_pending_tokens=10)
        with batcher.reserve(1000):  # its text is being tokenized
            assert batcher.pending_tokens == 1000
            with pytest.raises(Overloaded), batcher.reserve(1):
                pass
        assert batcher.pending_tokens == 0
        computed = asyncio.create_task(batcher.infer(token_sequences([1] * 10)))
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded), batcher.reserve(1):
            pass
        model.go_on.set()
        await computed
        with batcher.reserve(1):
            pass

    in_time(run())


def test_a_batch_follows_another_only_when_it_is_full() -> None:
    async def run() -> None:
        model = SumTransport(max_in_flight=2)
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=8, max_tokens=4)
        asked = [
            asyncio.create_task(batcher.infer(token_sequences(ids)))
            for ids in ([1], [2], [3, 3], [4, 4])
        ]
        await asyncio.sleep(0.01)
        # The first left at once, the second when it was full; the last one waits.
        assert model.batches == [[[1]], [[2], [3, 3]]]
        asked[3].cancel()
        await asyncio.sleep(0.01)
        model.go_on.set()
        await asyncio.gather(*asked[:3])
        await batcher.infer(token_sequences([5]))
        assert model.batches == [[[1]], [[2], [3, 3]], [[5]]]
        assert batcher.pending_tokens == 0

    in_time(run())


def test_a_background_batch_leaves_only_while_nothing_else_waits_or_is_on_the_way() -> None:
    async def run() -> None:
        model = SumTransport(max_in_flight=2)
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        many = [[9]] * 7
        background = asyncio.create_task(batcher.infer(token_sequences(*many), background=True))
        await asyncio.sleep(0.01)
        assert model.batches == [[[9], [9]]]  # one, though two may be on the way
        plain = asyncio.create_task(batcher.infer(token_sequences([1], [2], [3])))
        await asyncio.sleep(0.01)
        assert model.batches[1:] == [[[1], [2]]]  # full, so that it follows at once
        model.go_on.set()
        await plain
        assert model.batches[2:3] == [[[3]]]
        assert not background.done()
        assert (await background).logits.tolist() == [[9, 1]] * 7
        assert model.batches[3:] == [[[9], [9]], [[9], [9]], [[9]]]
        assert batcher.pending_tokens == 0

    in_time(run())


def test_a_plain_request_waits_for_one_background_batch_at_most() -> None:
    async def run() -> None:
        model = SumTransport(max_in_flight=2)
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        background = [
            asyncio.create_task(batcher.infer(token_sequences(*[[9]] * 50), background=True))
            for _ in range(3)
        ]
        for number in range(20):
            before = len(model.batches)
            model.go_on.clear()
            plain = asyncio.create_task(batcher.infer(token_sequences([1])))
            await asyncio.sleep(0.001)
            model.go_on.set()
            await plain
            found = model.batches[before:]
            place = found.index([[1]])
            assert place <= 1, (number, found)
        found = await asyncio.gather(*background)
        assert all(each.logits.tolist() == [[9, 1]] * 50 for each in found)

    in_time(run())


def test_background_requests_take_turns() -> None:
    async def run() -> None:
        model = SumTransport()
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        asked = [
            asyncio.create_task(batcher.infer(token_sequences([n], [n]), background=True))
            for n in (1, 2, 3)
        ]
        await asyncio.sleep(0.01)
        model.go_on.set()
        await asyncio.gather(*asked)
        assert model.batches == [[[1], [1]], [[2], [3]], [[2], [3]]]

    in_time(run())


def test_a_cancelled_background_request_is_withdrawn() -> None:
    async def run() -> None:
        model = SumTransport()
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=1, max_tokens=100)
        given_up = asyncio.create_task(
            batcher.infer(token_sequences([1], [2], [3]), background=True)
        )
        await asyncio.sleep(0.01)
        given_up.cancel()
        await asyncio.sleep(0.01)
        assert batcher.pending_tokens == 1
        model.go_on.set()
        await batcher.infer(token_sequences([4]), background=True)
        assert model.batches == [[[1]], [[4]]]
        assert batcher.pending_tokens == 0

    in_time(run())


def test_a_failure_reaches_a_background_request() -> None:
    async def run() -> None:
        model = SumTransport()
        model.failure = RuntimeError("no")
        batcher = Batcher(model, max_sequences=2, max_tokens=100)
        with pytest.raises(RuntimeError, match="no"):
            await batcher.infer(token_sequences([1], [2], [3]), background=True)
        assert batcher.pending_tokens == 0
        with pytest.raises(NonFiniteLogits):
            await Batcher(NotFiniteTransport(), 1, 9).infer(
                token_sequences([0], [1], [0]), background=True
            )

    in_time(run())


def test_the_background_fills_the_backlog_for_itself_alone() -> None:
    async def run() -> None:
        model = SumTransport()
        model.go_on.clear()
        batcher = Batcher(model, max_sequences=8, max_tokens=100, max_pending_tokens=10)
        background = asyncio.create_task(batcher.infer(token_sequences([1] * 12), background=True))
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded), batcher.reserve(1, background=True):
            pass
        with batcher.reserve(10):  # a plain request is not refused on its account
            assert batcher.pending_tokens == 22
            with pytest.raises(Overloaded), batcher.reserve(1):
                pass
        model.go_on.set()
        await background
        # Plain requests count against the background, however.
        with batcher.reserve(10), pytest.raises(Overloaded), batcher.reserve(1, background=True):
            pass

    in_time(run())
