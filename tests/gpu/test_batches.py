"""Batches on an accelerator: lengths that nobody sends on purpose, neighbours, memory, overlap."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine.inputs import pack_sequences
from distilbert_sentiment_arch.settings.limits import ACCELERATOR_BATCH_TOKENS

if TYPE_CHECKING:
    from gpu.conftest import Load

pytestmark = [pytest.mark.gpu, pytest.mark.slow]

SAME = 1e-4
"""How far the logits of a sequence may be from one batch to another: products of other sizes are
added up in another order, so they are close, and not the same bits."""

MOST = 512


def draw(*lengths: int, seed: int = 0) -> list[TokenSequence]:
    generator = np.random.default_rng(seed)
    return [single_segment(generator.integers(1000, 30_000, length)) for length in lengths]


HOSTILE = {
    "one token": [1],
    "two tokens": [2],
    "many sequences of a token": [1] * 300,
    "the longest": [MOST],
    "the longest beside the shortest": [1, MOST, 1, 2, MOST - 1],
    "every remainder of a tile": list(range(1, 130)),
    "a full batch": [MOST] * (ACCELERATOR_BATCH_TOKENS // MOST),
    "a batch beyond the default": [MOST] * (ACCELERATOR_BATCH_TOKENS // MOST + 5),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_each_sequence_has_the_logits_that_it_has_alone(load: Load, name: str) -> None:
    model = load()
    sequences = draw(*HOSTILE[name])
    together = model.logits(sequences)
    assert together.shape == (len(sequences), len(model.labels))
    assert np.isfinite(together).all()
    some = sorted({0, 1, len(sequences) // 2, len(sequences) - 1} & set(range(len(sequences))))
    for place in some:
        (alone,) = model.logits([sequences[place]])
        np.testing.assert_allclose(together[place], alone, atol=SAME)


def test_the_same_batch_again_has_the_same_bits(load: Load) -> None:
    sequences = draw(3, 100, 17, 512, 64)
    first = load().logits(sequences)
    for _ in range(5):
        assert np.array_equal(load().logits(sequences), first)


def test_passes_that_overlap_do_not_mix(load: Load) -> None:
    """Two threads queue batches of changing sizes, so that memory is reused and grows."""
    model = load()
    assert model.max_in_flight == 2
    batches = [
        draw(*([length] * rows), seed=rows) for rows in (1, 7, 40) for length in (3, 90, 400)
    ]
    expected = [model.logits(batch) for batch in batches]
    failures: list[str] = []

    def run(order: list[int]) -> None:
        for place in order * 5:
            found = model.logits(batches[place])
            if not np.allclose(found, expected[place], atol=SAME):
                failures.append(f"batch {place}")

    forward = list(range(len(batches)))
    threads = [threading.Thread(target=run, args=(each,)) for each in (forward, forward[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_pass_is_queued_while_another_one_runs(load: Load) -> None:
    model = load()._model
    one, other = (pack_sequences(draw(*[MOST] * 30, seed=seed)) for seed in (1, 2))
    expected = [np.array(model.logits(each)) for each in (one, other)]
    started = [model.start(one), model.start(other)]
    found = [each.logits() for each in started]
    for row, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(row, right, atol=SAME)


def test_memory_stays_flat(load: Load) -> None:
    from max.driver import Accelerator as Device

    model = load()
    device = Device(model.device.number)
    if "free_memory" not in device.stats:
        pytest.skip("MAX does not say how much memory of this device is free")
    batches = [draw(*range(1, 120), seed=seed) for seed in range(4)]

    def passes(count: int) -> int:
        for step in range(count):
            model.logits(batches[step % len(batches)])
        free: int = device.stats["free_memory"]
        return free

    before = passes(20)
    assert before - passes(400) < 1 << 20
