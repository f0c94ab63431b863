"""Rotary attention, gated layers and means, against NumPy, for vectors of any width."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from mojo_programs import INSTRUCTION_SETS, InstructionSet, Pieces

from distilbert_sentiment_arch.engine.panels import panels, whole_panels
from distilbert_sentiment_arch.engine.rotary_weights import gated
from scripts.oracle import encoder as oracle
from scripts.oracle.modernbert import RotaryBlock, rotate

if TYPE_CHECKING:
    from mojo_programs import Programs

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Outcome = list[npt.NDArray[np.generic]]

PROGRAM = Path(__file__).with_name("rotary.mojo")

# Vectors of 16, 8 and 4 numbers; the other sets have the same.
WIDTHS = [each for each in INSTRUCTION_SETS if each.name in ("native", "AVX2", "portable")]

THETA = 100.0
ALL = 2**31
"""A distance within which every token is."""


def draw(*shape: int) -> Floats:
    return np.random.default_rng(shape).standard_normal(shape, np.float32)


@dataclass(frozen=True)
class Attention:
    """Random tokens.

    Attributes:
        lengths: Of the sequences.
        heads: Number of heads.
        head_dim: Width of a head.
        distance: How far away the tokens are at most that a token reads.
    """

    lengths: tuple[int, ...]
    heads: int
    head_dim: int
    distance: int

    @property
    def tokens(self) -> int:
        return sum(self.lengths)

    @property
    def dim(self) -> int:
        return self.heads * self.head_dim

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        return np.cumsum([0, *self.lengths])

    def qkv(self) -> Floats:
        return draw(self.tokens, 3, self.dim)

    def x(self) -> Floats:
        return draw(self.tokens, self.dim)

    def values(self) -> tuple[Floats, Floats]:
        """Returns the weight and the bias of the values of first tokens."""
        return draw(self.dim, self.dim) / np.float32(self.dim**0.5), draw(self.dim)

    def content(self) -> bytes:
        """Returns the case as the program reads it."""
        half, places = self.head_dim // 2, max(self.lengths)
        layout = [1, len(self.lengths), self.heads, self.head_dim, self.distance, places]
        turned = rotate(np.tile([1.0] * half + [0.0] * half, (places, 1)), THETA)
        qkv = self.qkv()
        weight, bias = self.values()
        arrays = [
            *(np.array(layout), self.starts, turned.astype(np.float32), qkv),
            *(qkv[self.starts[:-1], 0], self.x(), panels(weight), whole_panels(bias)),
            np.ascontiguousarray(qkv[:, 1]),
        ]
        return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)

    def take(self, found: Pieces) -> Outcome:
        """Returns the results: of all tokens, of first tokens, and the means of ``x``."""
        batch = len(self.lengths)
        return [found.take(np.float32, rows, self.dim) for rows in (self.tokens, batch, batch)]

    def expected(self) -> list[Array]:
        """Returns the results that NumPy has."""
        weight, bias = (each.astype(np.float64) for each in self.values())
        made = self.x() @ weight.T + bias
        every, first = [], []
        for start, length in zip(self.starts, self.lengths, strict=False):
            rows = slice(start, start + length)
            query, key, value = self.qkv()[rows].astype(np.float64).transpose(1, 0, 2)
            every.append(self._attention(query, key, value))
            first.append(self._attention(query, key, made[rows])[0])
        sequences = np.split(self.x().astype(np.float64), self.starts[1:-1])
        means = np.array([each.mean(0) for each in sequences])
        return [np.concatenate(every), np.array(first), means]

    def _attention(self, *rows: Array) -> Array:
        """Returns the oracle's attention of known queries, keys and values."""
        eye = np.eye(self.dim)
        zeros = np.zeros_like(eye)
        # Each of the three linear layers picks its own columns out of all of them.
        query, key, value = (
            oracle.Linear(np.concatenate([zeros] * place + [eye] + [zeros] * (2 - place), axis=-1))
            for place in range(3)
        )
        none = oracle.Norm(np.ones(()), 0.0, 1.0)
        nothing = oracle.Linear(zeros)
        block = RotaryBlock(
            query=query,
            key=key,
            value=value,
            output=oracle.Linear(eye),
            attention_norm=none,
            up=nothing,
            gate=nothing,
            down=nothing,
            output_norm=none,
            heads=self.heads,
            activation="gelu",
            theta=THETA,
            distance=None if self.distance == ALL else self.distance,
        )
        return block.attention(np.concatenate(rows, axis=-1))


@dataclass(frozen=True)
class Layer:
    """A random linear layer with gates."""

    rows: int
    depth: int
    columns: int

    def arrays(self) -> tuple[Floats, Floats, Floats]:
        """Returns x, weight and bias."""
        weight = draw(2 * self.columns, self.depth) / np.float32(self.depth**0.5)
        return draw(self.rows, self.depth), weight, draw(2 * self.columns)

    def content(self) -> bytes:
        """Returns the case as the program reads it."""
        x, weight, bias = self.arrays()
        packed = panels(gated(weight))
        layout = np.array([0, self.rows, self.depth, self.columns, len(packed)])
        arrays = (layout, x, packed, whole_panels(gated(bias)))
        return b"".join(array.tobytes() for array in arrays)

    def take(self, found: Pieces) -> Outcome:
        """Returns the result."""
        return [found.take(np.float32, self.rows, self.columns)]

    def expected(self) -> list[Array]:
        """Returns the result that NumPy has."""
        x, weight, bias = (each.astype(np.float64) for each in self.arrays())
        values, gates = np.split(x @ weight.T + bias, 2, axis=-1)
        return [oracle.ACTIVATIONS["gelu"](values) * gates]


# Lengths near a tile of 6, a vector of 16 and a panel of 64; sequences whose local rows are laid
# out in one, two and three pieces; heads narrower than a vector, and wider than a panel.
CASES: list[Attention | Layer] = [
    Attention((1, 2, 1), 2, 20, ALL),
    Attention((5, 6, 7, 15, 16, 17), 3, 64, ALL),
    Attention((63, 64, 65), 7, 2, ALL),
    Attention((130,), 1, 140, ALL),
    Attention((1, 2, 9, 33), 2, 8, 0),
    Attention((5, 40, 150), 3, 64, 4),
    Attention((192, 193, 1, 500), 2, 16, 64),
    Attention((300, 199), 1, 140, 70),
    Attention((700, 201, 200), 1, 6, 200),
    *(Layer(rows, 21, columns) for rows in (1, 6, 13) for columns in (1, 8, 31, 33, 70)),
]


@cache
def expected(case: Attention | Layer) -> list[Array]:
    return case.expected()


@pytest.fixture(scope="module", params=WIDTHS, ids=lambda each: each.name)
def found(request: pytest.FixtureRequest, programs: Programs) -> list[Outcome]:
    """The results of each case."""
    return outcomes(programs, request.param, CASES)


def outcomes(
    programs: Programs, instructions: InstructionSet, cases: list[Attention | Layer]
) -> list[Outcome]:
    content = b"".join(case.content() for case in cases)
    written = Pieces(programs.run(PROGRAM, instructions, content))
    results = [case.take(written) for case in cases]
    assert written.at_the_end
    return results


def test_results(found: list[Outcome]) -> None:
    for case, results in zip(CASES, found, strict=True):
        for one, other in zip(results, expected(case), strict=True):
            np.testing.assert_allclose(one, other, atol=2e-5, err_msg=str(case))


def test_bits_do_not_depend_on_the_width_of_vectors(
    found: list[Outcome], programs: Programs
) -> None:
    (native, *_) = WIDTHS
    for results, others in zip(found, outcomes(programs, native, CASES), strict=True):
        for one, other in zip(results, others, strict=True):
            np.testing.assert_array_equal(one, other)
