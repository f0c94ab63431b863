"""Arrays that a ragged graph takes."""

from __future__ import annotations

import numpy as np
import pytest
from max.dtype import DType
from max.graph import DeviceRef

from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.inputs import pack_sequences
from distilbert_sentiment_arch.engine.ragged_inputs import RaggedLayout

ALL = RaggedLayout(types=True, offsets=True, padding=True)


def arrays(*sequences: tuple[list[int], int]) -> dict[str, np.ndarray]:
    packed = pack_sequences([TokenSequence(np.array(ids), first) for ids, first in sequences])
    return dict(zip([each.name for each in ALL.inputs], ALL.arrays(packed), strict=True))


def test_a_batch_of_three() -> None:
    found = arrays(([5, 6, 7], 3), ([8], 1), ([9, 10], 1))
    expected = {
        "input_ids": [5, 6, 7, 8, 9, 10],
        "positions": [0, 1, 2, 0, 0, 1],
        "first_tokens": [0, 3, 4],
        "types": [0, 0, 0, 0, 0, 1],
        "offsets": [0, 3, 4, 6],
        "longest": [3],
        "slots": [[0, 1, 2], [3, 3, 3], [4, 5, 4]],
        "places": [0, 1, 2, 3, 6, 7],
        "lengths": [3, 1, 2],
    }
    assert {name: array.tolist() for name, array in found.items()} == expected


@pytest.mark.parametrize("lengths", [[1], [512], [1] * 64, [1, 512, 2, 511], list(range(1, 40))])
def test_padded_and_packed_again_every_token_is_where_it_was(lengths: list[int]) -> None:
    generator = np.random.default_rng(len(lengths))
    sequences = [(generator.integers(0, 1000, length).tolist(), length) for length in lengths]
    found = arrays(*sequences)
    padded = found["input_ids"][found["slots"]]
    assert padded.shape == (len(lengths), max(lengths))
    for row, (ids, length) in zip(padded, sequences, strict=True):
        assert row[:length].tolist() == ids
        assert set(row[length:].tolist()) <= {ids[0]}
    assert padded.reshape(-1)[found["places"]].tolist() == found["input_ids"].tolist()


def test_arrays_have_the_types_of_the_graph() -> None:
    types = ALL.input_types(DeviceRef.GPU())
    found = arrays(([5, 6, 7], 2), ([8], 1))
    for each, kind, array in zip(ALL.inputs, types, found.values(), strict=True):
        assert DType.from_numpy(array.dtype) == kind.dtype
        assert array.ndim == len(kind.shape)
        assert array.flags.c_contiguous
        assert kind.device.is_cpu() == (each.name == "longest")


def test_a_graph_takes_what_it_needs() -> None:
    least = RaggedLayout(types=False, offsets=True, padding=False)
    assert [each.name for each in least.inputs] == [
        "input_ids",
        "positions",
        "first_tokens",
        "offsets",
        "longest",
    ]
