"""Blocks with rotary positions, as kernels, against the float64 oracle; and their bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from distilbert_sentiment_arch.engine.panels import panels, whole_panels
from distilbert_sentiment_arch.engine.rotary_weights import gated
from scripts.oracle import encoder as oracle
from scripts.oracle.modernbert import RotaryBlock, rotate

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow

Floats = npt.NDArray[np.float32]

HEADS, THETA, EPSILON = 3, 100.0, 1e-5
POSITIONS = 600

# Sequences that are laid out at once and in several pieces, the last ones short.
LENGTHS = [[1], [2, 1], [6, 7, 5], [64, 65], [193, 1, 192, 400], [17] * 20]
# Columns of a head in a part of a vector, in a panel, across two panels; groups of gates not full.
WIDTHS = [(6, 5), (48, 130), (192, 37), (390, 64)]
ALL = 2**31


class Block:
    """A random block, its weights exact in float16."""

    def __init__(self, dim: int, inner: int, distance: int) -> None:
        generator = np.random.default_rng(dim)

        def linear(rows: int, columns: int) -> oracle.Linear:
            drawn = generator.standard_normal((rows, columns)) / columns**0.5
            weight = drawn.astype(np.float16).astype(np.float64)
            return oracle.Linear(weight, generator.standard_normal(rows))

        def norm() -> oracle.Norm:
            return oracle.Norm(*generator.standard_normal((2, dim)), EPSILON)

        self.dim = dim
        self.distance = distance
        self.oracle = RotaryBlock(
            query=linear(dim, dim),
            key=linear(dim, dim),
            value=linear(dim, dim),
            output=linear(dim, dim),
            attention_norm=norm(),
            up=linear(inner, dim),
            gate=linear(inner, dim),
            down=linear(dim, inner),
            output_norm=norm(),
            heads=HEADS,
            activation="gelu",
            theta=THETA,
            distance=None if distance == ALL else distance,
        )

    def hidden(self, lengths: list[int]) -> Floats:
        generator = np.random.default_rng(sum(lengths))
        return generator.standard_normal((sum(lengths), self.dim), np.float32)

    def packed(self, dtype: type[np.floating], *linears: oracle.Linear) -> list[Any]:
        weight = np.concatenate([each.weight for each in linears]).astype(np.float32)
        bias = np.concatenate([each.bias for each in linears]).astype(np.float32)
        return [panels(weight).astype(dtype), whole_panels(bias)]

    def before_attention(self, lengths: list[int]) -> list[Any]:
        half = self.dim // HEADS // 2
        ones = np.concatenate([np.ones((POSITIONS, half)), np.zeros((POSITIONS, half))], axis=-1)
        norm = self.oracle.attention_norm
        vectors = [np.float32(each) for each in (norm.gamma, norm.beta)]
        positions = rotate(ones, THETA).astype(np.float32)
        return [np.cumsum([0, *lengths]), positions, *vectors, self.distance]

    def after_attention(self, dtype: type[np.floating]) -> list[Any]:
        block = self.oracle
        up, bias = (
            gated(np.concatenate([getattr(each, part) for each in (block.up, block.gate)]))
            for part in ("weight", "bias")
        )
        matrices = [block.output.weight, up, block.down.weight]
        norm = block.output_norm
        vectors = [block.output.bias, norm.gamma, norm.beta, bias, block.down.bias]
        return [
            *(panels(np.float32(each)).astype(dtype) for each in matrices),
            np.concatenate([whole_panels(np.float32(each)) for each in vectors]),
            EPSILON,
        ]

    def every_token(self, kernels: Kernels, hidden: Floats, lengths: list[int]) -> Floats:
        block = self.oracle
        return kernels["rotary_block"](
            *(hidden, *self.before_attention(lengths)),
            *self.packed(np.float32, block.query, block.key, block.value),
            *self.after_attention(np.float32),
            np.zeros(3 * self.dim, np.float32),
        )

    def first_tokens(self, kernels: Kernels, hidden: Floats, lengths: list[int]) -> Floats:
        block = self.oracle
        starts = np.cumsum([0, *lengths])
        return kernels["rotary_last_block"](
            *(hidden, hidden[starts[:-1]], *self.before_attention(lengths)),
            *self.packed(np.float16, block.query),
            *(*self.packed(np.float16, block.key), *self.packed(np.float16, block.value)),
            *self.after_attention(np.float16),
            np.zeros(HEADS * self.dim, np.float32),
        )


def split(x: Floats, lengths: list[int]) -> list[npt.NDArray[np.float64]]:
    return np.split(x.astype(np.float64), np.cumsum(lengths)[:-1])


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("dim", "inner"), WIDTHS)
@pytest.mark.parametrize("distance", [0, 4, 70, 250, ALL])
def test_blocks(kernels: Kernels, lengths: list[int], dim: int, inner: int, distance: int) -> None:
    block = Block(dim, inner, distance)
    x = block.hidden(lengths)
    wanted = [block.oracle(each) for each in split(x, lengths)]
    found = block.every_token(kernels, x, lengths)
    np.testing.assert_allclose(found, np.concatenate(wanted), atol=1e-4)
    first = block.first_tokens(kernels, x, lengths)
    np.testing.assert_allclose(first, [each[0] for each in wanted], atol=1e-4)


@pytest.mark.parametrize("distance", [4, 70, ALL])
def test_a_sequence_has_the_same_bits_in_every_batch(kernels: Kernels, distance: int) -> None:
    lengths = [40, 1, 301, 193]
    block = Block(192, 130, distance)
    x = block.hidden(lengths)
    together = split(block.every_token(kernels, x, lengths), lengths)
    first = block.first_tokens(kernels, x, lengths)
    for index, sequence in enumerate(np.split(x, np.cumsum(lengths)[:-1])):
        alone = block.every_token(kernels, sequence, [len(sequence)])
        np.testing.assert_array_equal(alone, together[index])
        (row,) = block.first_tokens(kernels, sequence, [len(sequence)])
        np.testing.assert_array_equal(row, first[index])


def test_vectors_of_another_length_are_refused(kernels: Kernels) -> None:
    block = Block(48, 64, ALL)
    block.after_attention = (
        lambda dtype: [  # type: ignore[method-assign]
            each[:-64] if getattr(each, "ndim", 0) == 1 else each
            for each in Block.after_attention(block, dtype)
        ]
    )
    with pytest.raises(Exception, match=r"vectors of a block hold 320 numbers.*need 384"):
        block.every_token(kernels, block.hidden([5]), [5])
