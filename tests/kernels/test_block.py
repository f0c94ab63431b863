"""Kernels of transformer blocks over packed sequences, the last one included, against NumPy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytest

from distilbert_sentiment_arch.engine.first_block_tables import FIRST_PROJECTION, fill_tables
from distilbert_sentiment_arch.engine.panels import panels, whole_panels
from scripts.oracle import encoder as oracle

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
# Blocks of one head are pre-norm, the others post-norm.
WIDTHS = [(1, 20, 37), (3, 48, 130), (3, 192, 256), (1, 96, 64), (3, 3, 1)]
# Several heads in a panel and in a vector, heads across two panels, more heads than tile rows.
LAST_WIDTHS = [(1, 20, 37), (8, 48, 130), (8, 256, 192), (8, 192, 64), (1, 96, 64), (8, 8, 1)]

EPSILON = 1e-12


class Block:
    """A random block, its weights exact in float16."""

    def __init__(
        self,
        heads: int,
        dim: int,
        inner: int,
        *,
        scale: float = 1,
        pre_norm: bool = False,
        epsilon: float = EPSILON,
    ) -> None:
        generator = np.random.default_rng(dim)

        def linear(rows: int, columns: int) -> oracle.Linear:
            drawn = generator.standard_normal((rows, columns)) / max(1, columns**0.5)
            weight = drawn.astype(np.float16).astype(np.float64)
            return oracle.Linear(weight, generator.standard_normal(rows))

        def norm() -> oracle.Norm:
            gamma, beta = generator.standard_normal((2, dim))
            return oracle.Norm(gamma, beta, epsilon)

        query = linear(dim, dim)
        self.dim = dim
        self.epsilon = epsilon
        self.oracle = oracle.Block(
            query=replace(query, weight=scale * query.weight),
            key=linear(dim, dim),
            value=linear(dim, dim),
            output=linear(dim, dim),
            attention_norm=norm(),
            up=linear(inner, dim),
            down=linear(dim, inner),
            output_norm=norm(),
            heads=heads,
            activation="gelu",
            pre_norm=pre_norm,
        )

    def hidden(self, residual: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The input of attention: the hidden states, normalised first in a pre-norm block."""
        if not self.oracle.pre_norm:
            return residual
        return self.oracle.attention_norm(residual.astype(np.float64)).astype(np.float32)

    def side_by_side(self, *names: str) -> list[npt.NDArray[np.float32]]:
        linears = [getattr(self.oracle, name) for name in names]
        return [
            np.concatenate([getattr(linear, part) for linear in linears]).astype(np.float32)
            for part in ("weight", "bias")
        ]

    def packed(self, dtype: type[np.floating], *names: str) -> list[npt.NDArray[np.floating]]:
        """The weights of several linear layers side by side, in the layout of the kernel."""
        weight, bias = self.side_by_side(*names)
        return [panels(weight).astype(dtype), whole_panels(bias)]

    def keys(self) -> npt.NDArray[np.floating]:
        return panels(self.oracle.key.weight.T.astype(np.float32)).astype(np.float16)

    def after_attention(self, dtype: type[np.floating]) -> list[Any]:
        matrices = [self.packed(dtype, name)[0] for name in ("output", "up", "down")]
        block = self.oracle
        first, second = block.attention_norm, block.output_norm
        if block.pre_norm:
            first = second
        vectors = [block.output.bias, first.gamma, first.beta, block.up.bias, block.down.bias]
        if not block.pre_norm:
            vectors += [second.gamma, second.beta]
        folded = np.concatenate([whole_panels(vector.astype(np.float32)) for vector in vectors])
        return [*matrices, folded, self.epsilon]

    def arguments(self, residual: npt.NDArray[np.float32], lengths: list[int]) -> list[Any]:
        """Arguments of the kernel of a block that computes all tokens."""
        return [
            *(self.hidden(residual), residual, np.cumsum([0, *lengths])),
            *self.packed(np.float32, "query", "key", "value"),
            *self.after_attention(np.float32),
            np.zeros(3 * self.dim, np.float32),
        ]

    def last_arguments(self, residual: npt.NDArray[np.float32], lengths: list[int]) -> list[Any]:
        """Arguments of the kernel of the last block, which computes first tokens only."""
        hidden, starts = self.hidden(residual), np.cumsum([0, *lengths])
        return [
            *(hidden, hidden[starts[:-1]], residual[starts[:-1]], starts),
            *(*self.packed(np.float16, "query"), self.keys()),
            *(*self.packed(np.float16, "value"), *self.after_attention(np.float16)),
            np.zeros(self.oracle.heads * self.dim, np.float32),
        ]


def block(heads: int, dim: int, inner: int) -> Block:
    """Returns a random block: a pre-norm one if it has one head."""
    if heads == 1:
        return Block(heads, dim, inner, pre_norm=True, epsilon=1e-5)
    return Block(heads, dim, inner)


def hidden_states(lengths: list[int], dim: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(sum(lengths)).standard_normal((sum(lengths), dim), np.float32)


def split(x: npt.NDArray[Any], lengths: list[int]) -> list[Array]:
    return np.split(x.astype(np.float64), np.cumsum(lengths)[:-1])


def assert_every_token(
    kernels: Kernels, kernel: str, block: Block, lengths: list[int], atol: float = 1e-4
) -> None:
    x = hidden_states(lengths, block.dim)
    found = kernels[kernel](*block.arguments(x, lengths))
    wanted = np.concatenate([block.oracle(each) for each in split(x, lengths)])
    np.testing.assert_allclose(found, wanted, atol=atol)


def assert_first_tokens(kernels: Kernels, kernel: str, block: Block, lengths: list[int]) -> None:
    x = hidden_states(lengths, block.dim)
    found = kernels[kernel](*block.last_arguments(x, lengths))
    wanted = [block.oracle(each)[0] for each in split(x, lengths)]
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("heads", "dim", "inner"), WIDTHS)
def test_every_token(
    kernels: Kernels, lengths: list[int], heads: int, dim: int, inner: int
) -> None:
    assert_every_token(kernels, f"block_{heads}", block(heads, dim, inner), lengths)


@pytest.mark.parametrize("epsilon", [1e-5, 0.5])
def test_epsilon(kernels: Kernels, epsilon: float) -> None:
    block = Block(3, 48, 130, epsilon=epsilon)
    assert_every_token(kernels, "block_3", block, [6, 7, 5])
    block = Block(8, 48, 130, epsilon=epsilon)
    assert_first_tokens(kernels, "last_block_8", block, [6, 7, 5])


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("dim", "inner"), [each[1:] for each in WIDTHS if each[0] == 3])
def test_embeddings_and_every_token(
    kernels: Kernels, lengths: list[int], dim: int, inner: int
) -> None:
    block = Block(3, dim, inner)
    generator = np.random.default_rng(dim)
    ids = generator.integers(0, 101, sum(lengths))
    first_segments = generator.integers(0, np.array(lengths) + 1)  # none, some or all of each
    packed: dict[str, npt.NDArray[Any]] = {
        "embeddings.words": generator.standard_normal((101, dim)).astype(np.float16),
        "embeddings.positions": generator.standard_normal((512, dim), np.float32) + 1,
        "embeddings.types": generator.standard_normal((2, dim), np.float32),
        "embeddings.gamma": generator.standard_normal(dim, np.float32),
        "embeddings.beta": generator.standard_normal(dim, np.float32),
    }
    tables = ("words", "positions", "types")
    for name in tables:
        rows = len(packed[f"embeddings.{name}"])
        packed[f"blocks.layers.0.projected_{name}"] = np.zeros((rows, 3 * dim), np.float32)
    weight, bias = block.side_by_side("query", "key", "value")
    fill_tables(packed, dict(zip(FIRST_PROJECTION, np.split(weight, 3), strict=True)))
    gamma, beta = packed["embeddings.gamma"], packed["embeddings.beta"]
    found = kernels["first_block_3"](
        *(ids, np.cumsum([0, *lengths]), first_segments),
        *(*(packed[f"embeddings.{name}"] for name in tables), gamma, beta),
        *(packed[f"blocks.layers.0.projected_{name}"] for name in tables),
        *(weight @ beta + bias, *block.after_attention(np.float32)),
    )
    places = np.concatenate([np.arange(length) for length in lengths])
    summed = packed["embeddings.words"][ids].astype(np.float64)
    summed += packed["embeddings.positions"][places]
    types = (places >= np.repeat(first_segments, lengths)).astype(int)
    summed += packed["embeddings.types"][types]
    x = oracle.Norm(gamma, beta, EPSILON)(summed)
    wanted = np.concatenate([block.oracle(each) for each in split(x, lengths)])
    np.testing.assert_allclose(found, wanted, atol=1e-4)


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize(("heads", "dim", "inner"), LAST_WIDTHS)
def test_only_the_first_token(
    kernels: Kernels, lengths: list[int], heads: int, dim: int, inner: int
) -> None:
    assert_first_tokens(kernels, f"last_block_{heads}", block(heads, dim, inner), lengths)


def test_attention_scores_of_any_size(kernels: Kernels) -> None:
    # One weight is 1, the others vanish.
    assert_every_token(kernels, "block_3", Block(3, 48, 64, scale=200), [70], atol=1e-2)


def test_vectors_of_another_length_are_refused(kernels: Kernels) -> None:
    arguments = Block(3, 48, 64).arguments(hidden_states([5], 48), [5])
    arguments[-3] = arguments[-3][:-64]
    with pytest.raises(Exception, match=r"vectors of a block hold 384 numbers.*need 448"):
        kernels["block_3"](*arguments)


def test_results_are_the_same_in_every_run(kernels: Kernels) -> None:
    lengths = [40, 7, 101]
    arguments = Block(3, 192, 256).arguments(hidden_states(lengths, 192), lengths)
    first = kernels["block_3"](*arguments)
    for _ in range(50):
        np.testing.assert_array_equal(kernels["block_3"](*arguments), first)
