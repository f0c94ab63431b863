"""Disentangled attention of all tokens and of first tokens, against NumPy, for any vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from mojo_programs import INSTRUCTION_SETS, InstructionSet, Pieces
from scipy.special import softmax

from distilbert_sentiment_arch.engine.panels import panels, whole_panels

if TYPE_CHECKING:
    from mojo_programs import Programs

pytestmark = pytest.mark.slow

Array = npt.NDArray[np.float64]

PROGRAM = Path(__file__).with_name("disentangled.mojo")

# Vectors of 16, 8 and 4 numbers; the other sets have the same.
WIDTHS = [each for each in INSTRUCTION_SETS if each.name in ("native", "AVX2", "portable")]


@dataclass(frozen=True)
class Case:
    """Random tokens and positions.

    Attributes:
        keys: Queries meet position keys.
        queries: Keys meet position queries.
        lengths: Of the sequences.
        heads: Number of heads.
        head_dim: Width of a head.
        places: Tokens that the longest sequence may have.
    """

    keys: bool
    queries: bool
    lengths: tuple[int, ...]
    heads: int
    head_dim: int
    places: int

    def draw(self, *shape: int) -> npt.NDArray[np.float32]:
        generator = np.random.default_rng([*shape, *self.lengths])
        return generator.standard_normal(shape, np.float32)

    @property
    def tokens(self) -> int:
        return sum(self.lengths)

    @property
    def dim(self) -> int:
        return self.heads * self.head_dim

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        return np.cumsum([0, *self.lengths])

    @property
    def middle(self) -> int:
        return -(-self.places // 32) * 32

    def qkv(self) -> npt.NDArray[np.float32]:
        return self.draw(self.tokens, 3, self.heads, self.head_dim)

    def positions(self) -> npt.NDArray[np.float32]:
        """Position keys and queries: (2, columns, heads, head_dim)."""
        return self.draw(2, 2 * self.middle, self.heads, self.head_dim)

    def x(self) -> npt.NDArray[np.float32]:
        return self.draw(self.tokens, self.dim)

    def value_weight(self) -> npt.NDArray[np.float32]:
        return self.draw(self.dim, self.dim) / np.float32(self.dim**0.5)

    def value_bias(self) -> npt.NDArray[np.float32]:
        return self.draw(self.dim)

    def content(self) -> bytes:
        """Returns the case as the program reads it."""
        terms = int(self.keys) + 2 * int(self.queries)
        head_panels = self.middle // 32
        layout = [terms, len(self.lengths), self.heads, self.head_dim, head_panels]
        qkv, tables = self.qkv(), self.positions()
        in_panels = [
            np.concatenate([panels(np.ascontiguousarray(table[:, h])) for h in range(self.heads)])
            for table in tables
        ]
        # Token s is s behind the first one, and the first one s before it.
        behind = tables[0, self.middle : self.middle + self.places]
        before = tables[1, self.middle - np.arange(self.places)]
        arrays = [
            *(np.array(layout), self.starts, np.array([self.places]), qkv, *in_panels),
            *(np.ascontiguousarray(qkv[self.starts[:-1], 0]), self.x()),
            *(panels(self.value_weight()), whole_panels(self.value_bias())),
            *(np.ascontiguousarray(qkv[:, 1]), behind, np.ascontiguousarray(before)),
        ]
        return b"".join(array.tobytes() for array in arrays)

    def weights(self) -> list[Array]:
        """Returns each sequence's softmax weights, ``(heads, queries, keys)``."""
        found = []
        for rows in np.split(self.qkv().astype(np.float64), self.starts[1:-1]):
            query, key, _ = rows.transpose(1, 2, 0, 3)
            places = np.arange(len(rows))
            behind = self.middle + places[None, :] - places[:, None]  # a key behind its query
            position_keys, position_queries = self.positions().astype(np.float64)
            scores = query @ key.transpose(0, 2, 1)
            if self.keys:
                scores += np.einsum("hid,ijhd->hij", query, position_keys[behind])
            if self.queries:
                scores += np.einsum("hjd,ijhd->hij", key, position_queries[behind.T])
            products = 1 + int(self.keys) + int(self.queries)
            found.append(softmax(scores / np.sqrt(self.head_dim * products), axis=-1))
        return found

    def expected(self) -> Array:
        """Returns the attention of all tokens."""
        values = np.split(self.qkv()[:, 2].astype(np.float64), self.starts[1:-1])
        rows = [
            np.einsum("hij,jhd->ihd", *each).reshape(-1, self.dim)
            for each in zip(self.weights(), values, strict=True)
        ]
        return np.concatenate(rows)

    def expected_first(self) -> Array:
        """Returns the attention of first tokens, to values that are made of ``x``."""
        values = self.x() @ self.value_weight().T.astype(np.float64) + self.value_bias()
        split = np.split(values.reshape(-1, self.heads, self.head_dim), self.starts[1:-1])
        rows = [
            np.einsum("hj,jhd->hd", weights[:, 0], each).ravel()
            for weights, each in zip(self.weights(), split, strict=True)
        ]
        return np.array(rows)


# Lengths near a tile of 6, a vector of 16, 48 keys, a panel of 64 and 144 queries; sequences that
# reach the ends of the tables; heads narrower than a vector, and wider than a panel.
CASES = [
    Case(True, True, (1, 2, 1), 2, 20, 2),
    Case(True, True, (5, 6, 7, 15, 16, 17), 3, 64, 40),
    Case(True, True, (47, 48, 49, 63, 64, 65), 1, 8, 96),
    Case(True, True, (96, 95), 7, 3, 96),
    Case(True, True, (143, 144, 145, 1, 289), 2, 16, 512),
    Case(True, True, (300,), 1, 70, 300),
    Case(True, False, (33, 150, 7), 2, 20, 150),
    Case(False, True, (33, 150, 7), 2, 20, 150),
]


@pytest.fixture(scope="module", params=WIDTHS, ids=lambda each: each.name)
def pieces(request: pytest.FixtureRequest, programs: Programs) -> list[list[np.ndarray]]:
    """The results of each case: of all tokens, and of first tokens."""
    return outcomes(programs, request.param, CASES)


def outcomes(
    programs: Programs, instructions: InstructionSet, cases: list[Case]
) -> list[list[np.ndarray]]:
    content = b"".join(case.content() for case in cases)
    found = Pieces(programs.run(PROGRAM, instructions, content))
    rows = [
        [found.take(np.float32, count, case.dim) for count in (case.tokens, len(case.lengths))]
        for case in cases
    ]
    assert found.at_the_end
    return rows


def test_all_tokens(pieces: list[list[np.ndarray]]) -> None:
    for case, (found, _) in zip(CASES, pieces, strict=True):
        np.testing.assert_allclose(found, case.expected(), atol=1e-5, err_msg=str(case))


def test_first_tokens(pieces: list[list[np.ndarray]]) -> None:
    for case, (_, found) in zip(CASES, pieces, strict=True):
        np.testing.assert_allclose(found, case.expected_first(), atol=1e-5, err_msg=str(case))


def test_bits_do_not_depend_on_the_width_of_vectors(
    pieces: list[list[np.ndarray]], programs: Programs
) -> None:
    (native, *_) = WIDTHS
    for found, expected in zip(pieces, outcomes(programs, native, CASES), strict=True):
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)
