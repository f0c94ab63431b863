"""Transformer blocks over packed sequences, the last one among them, against NumPy in float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import softmax

from distilbert_sentiment_arch.engine.packed_weights import (
    FIRST_PROJECTION,
    PANEL,
    fill_tables,
    panels,
)
from scripts.oracle import distilbert as oracle

if TYPE_CHECKING:
    from conftest import Kernels

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]

LENGTHS = [
    [1],
    [2, 1],
    [6, 7, 5],
    [63],
    [64, 65],
    [512],
    [1, 500, 3, 2, 1, 9],
    [17] * 20,
]
WIDTHS = [(1, 20, 37), (3, 48, 130), (3, 192, 256), (1, 96, 64), (3, 3, 1)]
# Heads beside each other in a panel and in a vector, across two panels, more than a tile has rows.
LAST_WIDTHS = [(1, 20, 37), (8, 48, 130), (8, 256, 192), (8, 192, 64), (1, 96, 64), (8, 8, 1)]


def normed(x: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    scaled: Array = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    return scaled


class Block:
    """A random block, its weights exact in float16."""

    def __init__(self, heads: int, dim: int, hidden_dim: int, seed: int, scale: float = 1) -> None:
        generator = np.random.default_rng(seed)

        def draw(rows: int, columns: int) -> Array:
            drawn = generator.standard_normal((rows, columns)) / max(1, columns**0.5)
            return drawn.astype(np.float16).astype(np.float64)

        self.heads, self.dim = heads, dim
        self.linears = {
            "query": (scale * draw(dim, dim), draw(1, dim)[0]),
            "key": (draw(dim, dim), draw(1, dim)[0]),
            "value": (draw(dim, dim), draw(1, dim)[0]),
            "output": (draw(dim, dim), draw(1, dim)[0]),
            "up": (draw(hidden_dim, dim), draw(1, hidden_dim)[0]),
            "down": (draw(dim, hidden_dim), draw(1, dim)[0]),
        }
        self.norms = {name: generator.standard_normal((2, dim)) for name in ("output", "down")}

    def _linear(self, x: Array, name: str) -> Array:
        weight, bias = self.linears[name]
        return x @ weight.T + bias

    def _norm(self, x: Array, name: str) -> Array:
        gamma, beta = self.norms[name]
        return normed(x) * gamma + beta

    def _attention(self, x: Array) -> Array:
        width = self.dim // self.heads
        query, key, value = (
            self._linear(x, name).reshape(len(x), self.heads, width).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        heads = softmax(query @ key.transpose(0, 2, 1) / width**0.5, axis=-1) @ value
        return heads.transpose(1, 0, 2).reshape(len(x), self.dim)

    def expected(self, x: Array) -> Array:
        """What the block makes of one sequence."""
        x = self._norm(x + self._linear(self._attention(x), "output"), "output")
        return self._norm(
            x + self._linear(oracle.ACTIVATIONS["gelu"](self._linear(x, "up")), "down"), "down"
        )

    def side_by_side(self, *names: str) -> list[npt.NDArray[np.float32]]:
        return [
            np.concatenate([self.linears[name][part] for name in names]).astype(np.float32)
            for part in (0, 1)
        ]

    def packed(self, dtype: type[np.floating], *names: str) -> list[npt.NDArray[np.floating]]:
        """The weights of some linear layers side by side, as the kernel takes them."""
        weight, bias = self.side_by_side(*names)
        return [panels(weight).astype(dtype), np.pad(bias, (0, -len(bias) % PANEL))]

    def after_attention(self, dtype: type[np.floating]) -> list[npt.NDArray[np.floating]]:
        found = []
        for name in ("output", "up", "down"):
            found += self.packed(dtype, name)
            found += list(self.norms.get(name, np.zeros((0, 0))).astype(np.float32))
        return found


def hidden_states(lengths: list[int], dim: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(sum(lengths)).standard_normal((sum(lengths), dim), np.float32)


def split(x: npt.NDArray[np.float32], lengths: list[int]) -> list[Array]:
    return np.split(x.astype(np.float64), np.cumsum(lengths)[:-1])


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("heads", "dim", "hidden_dim"), WIDTHS)
def test_every_token(
    kernels: Kernels, lengths: list[int], heads: int, dim: int, hidden_dim: int
) -> None:
    block = Block(heads, dim, hidden_dim, seed=dim)
    x = hidden_states(lengths, dim)
    found = kernels[f"block_{heads}_32"](
        x,
        np.cumsum([0, *lengths]),
        *block.packed(np.float32, "query", "key", "value"),
        *block.after_attention(np.float32),
        np.zeros(3 * dim, np.float32),
    )
    wanted = np.concatenate([block.expected(each) for each in split(x, lengths)])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("heads", "dim", "hidden_dim"), WIDTHS)
def test_embeddings_and_every_token(
    kernels: Kernels, lengths: list[int], heads: int, dim: int, hidden_dim: int
) -> None:
    block = Block(heads, dim, hidden_dim, seed=dim)
    generator = np.random.default_rng(dim)
    ids = generator.integers(0, 101, sum(lengths))
    words = generator.standard_normal((101, dim)).astype(np.float16)
    positions = generator.standard_normal((512, dim), np.float32) + 1
    gamma, beta = generator.standard_normal((2, dim), np.float32)
    weight, bias = block.side_by_side("query", "key", "value")
    packed = {
        "embeddings.words": words,
        "embeddings.positions": positions,
        "embeddings.gamma": gamma,
        "blocks.0.words": np.zeros((101, 3 * dim), np.float32),
        "blocks.0.positions": np.zeros((512, 3 * dim), np.float32),
    }
    parts = np.split(weight, 3)
    fill_tables(packed, dict(zip(FIRST_PROJECTION, parts, strict=True)))
    found = kernels[f"first_block_{heads}_32"](
        *(ids, np.cumsum([0, *lengths]), words, positions, gamma, beta),
        *(packed["blocks.0.words"], packed["blocks.0.positions"], weight @ beta + bias),
        *block.after_attention(np.float32),
    )
    places = np.concatenate([np.arange(length) for length in lengths])
    summed = words[ids].astype(np.float64) + positions[places]
    x = normed(summed) * gamma + beta
    wanted = np.concatenate([block.expected(each) for each in split(x, lengths)])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("heads", "dim", "hidden_dim"), LAST_WIDTHS)
def test_only_the_first_token(
    kernels: Kernels, lengths: list[int], heads: int, dim: int, hidden_dim: int
) -> None:
    block = Block(heads, dim, hidden_dim, seed=dim)
    x, starts = hidden_states(lengths, dim), np.cumsum([0, *lengths])
    found = kernels[f"last_block_{heads}_16"](
        x,
        starts,
        x[starts[:-1]],
        *block.packed(np.float16, "query"),
        panels(block.linears["key"][0].T.astype(np.float32)).astype(np.float16),
        *block.packed(np.float16, "value"),
        *block.after_attention(np.float16),
        np.zeros(heads * dim, np.float32),
    )
    wanted = [block.expected(each)[0] for each in split(x, lengths)]
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_scores_of_any_size(kernels: Kernels) -> None:
    block = Block(3, 48, 64, seed=4, scale=200)  # one weight is 1, the others vanish
    x = hidden_states([70], 48)
    found = kernels["block_3_32"](
        x,
        np.array([0, 70]),
        *block.packed(np.float32, "query", "key", "value"),
        *block.after_attention(np.float32),
        np.zeros(3 * 48, np.float32),
    )
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, block.expected(x.astype(np.float64)), atol=1e-2)


def test_the_same_numbers_however_the_cores_share_the_work(kernels: Kernels) -> None:
    block = Block(3, 192, 256, seed=5)
    lengths = [40, 7, 101]
    x = hidden_states(lengths, 192)
    arguments = [
        x,
        np.cumsum([0, *lengths]),
        *block.packed(np.float32, "query", "key", "value"),
        *block.after_attention(np.float32),
        np.zeros(3 * 192, np.float32),
    ]
    first = kernels["block_3_32"](*arguments)
    for _ in range(50):
        np.testing.assert_array_equal(kernels["block_3_32"](*arguments), first)
