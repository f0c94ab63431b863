"""Cases of the kernels that encode rows and multiply them, for kernels/code_linear.mojo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from mojo_programs import Pieces

Floats = npt.NDArray[np.float32]
Kind = Literal["none", "gelu", "residual", "bfloat16"]
KINDS: tuple[Kind, ...] = ("none", "gelu", "residual", "bfloat16")

PANEL, LINE, WORD = 64, 64, 4


@dataclass(frozen=True, eq=False)
class Case:
    """Rows and a linear layer.

    Attributes:
        kind: int8 without an activation, with gelu or with a residual; or bfloat16.
        x: ``(rows, depth)``.
        weight: ``(columns, depth)``, integers, or numbers that bfloat16 holds.
        scales: Of the columns.
        bias: Of the columns.
        residual: ``(rows, columns)``.
        first: Rows before it are computed by a call of their own.
    """

    kind: Kind
    x: Floats
    weight: npt.NDArray[np.float64]
    scales: Floats
    bias: Floats
    residual: Floats
    first: int = 0

    @property
    def code_bytes(self) -> int:
        return 2 if self.kind == "bfloat16" else 1

    @property
    def stride(self) -> int:
        """Bytes in a row of codes."""
        return -(-self.x.shape[1] * self.code_bytes // LINE) * LINE

    def content(self) -> bytes:
        """Returns the case as the program reads it."""
        (rows, depth), (columns, _) = self.x.shape, self.weight.shape
        layout = [KINDS.index(self.kind), rows, self.first, depth, columns]
        if self.kind == "bfloat16":
            codes = (self.weight.astype(np.float32).view(np.uint32) >> 16).astype("<u2")
        else:
            codes = self.weight.astype(np.int8)
        vectors = np.zeros((3, -(-columns // PANEL) * PANEL), np.float32)
        vectors[:, :columns] = self.scales, self.bias, self.weight.sum(1)
        return b"".join(
            [
                np.array(layout, np.int64).tobytes(),
                *(self.x.tobytes(), _panels(codes.view(np.uint8)), vectors.tobytes()),
                self.residual.tobytes(),
            ]
        )


def _panels(codes: npt.NDArray[np.uint8]) -> bytes:
    """Returns panels of 64 columns, in each of whose rows are 4 bytes of each column."""
    columns, depth = codes.shape
    content = bytearray()
    for first in range(0, columns, PANEL):
        panel = np.zeros((PANEL, -(-depth // LINE) * LINE), np.uint8)
        panel[: min(PANEL, columns - first), :depth] = codes[first : first + PANEL]
        for word in range(0, panel.shape[1], WORD):
            content += panel[:, word : word + WORD].tobytes()
    return bytes(content)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What the program made of a case.

    Attributes:
        codes: Its bytes, ``(rows, stride)``.
        scales: Of the rows.
        result: ``(rows, columns)``.
    """

    codes: npt.NDArray[np.uint8]
    scales: Floats
    result: Floats


def outcomes(cases: Sequence[Case], content: bytes) -> Iterator[Outcome]:
    """Yields the outcome of each case from the file that the program wrote."""
    pieces = Pieces(content)
    for case in cases:
        rows, columns = len(case.x), len(case.weight)
        yield Outcome(
            pieces.take(np.uint8, rows, case.stride),
            pieces.take(np.float32, rows),
            pieces.take(np.float32, rows, columns),
        )
    assert pieces.at_the_end


# Near tiles of 6, 16 and 32 rows, vectors of 16 columns and panels of 64, lines of 64 bytes.
ROWS = (1, 2, 5, 6, 7, 13, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 70)
COLUMNS = (1, 15, 16, 17, 63, 64, 65, 100, 130)
DEPTHS = (1, 3, 31, 63, 64, 65, 100, 191, 320)


def random_case(kind: Kind, rows: int, depth: int, columns: int, seed: int, first: int = 0) -> Case:
    """Returns random numbers, the weights of each column up to 127."""
    generator = np.random.default_rng(seed)
    # Magnitudes from row to row and inside of a row, as after a norm with outliers.
    x = generator.standard_normal((rows, depth)) * np.exp(3 * generator.standard_normal((rows, 1)))
    x[:, 0] *= 10
    if kind == "bfloat16":
        drawn = generator.standard_normal((columns, depth)).astype(np.float32)
        weight = (drawn.view(np.uint32) & 0xFFFF0000).view(np.float32).astype(np.float64)
    else:
        weight = generator.integers(-127, 128, (columns, depth)).astype(np.float64)
        weight[:, generator.integers(depth)] = 127
    scales, bias = generator.standard_normal((2, columns), np.float32)
    return Case(
        kind,
        x.astype(np.float32),
        weight,
        np.abs(scales) / np.float32(depth),
        bias,
        generator.standard_normal((rows, columns), np.float32),
        first,
    )


def extreme_case(rows: int, depth: int, columns: int, seed: int) -> Case:
    """Returns integers of 127 and -127 everywhere: rows and columns of one sign, and of both."""
    case = random_case("none", rows, depth, columns, seed)
    generator = np.random.default_rng(seed)
    x, weight = (2 * generator.integers(0, 2, (count, depth)) - 1 for count in (rows, columns))
    for signs in (x, weight):
        signs[0], signs[1] = 1, -1
        signs[2] = np.where(np.arange(depth) % 2, 1, -1)
    return Case("none", x.astype(np.float32), 127.0 * weight, case.scales, case.bias, case.residual)


def magnitudes_case() -> Case:
    """Returns rows of zeros, of numbers near the ends of float32, and of halves between codes."""
    generator = np.random.default_rng(5)
    unit = generator.uniform(-1, 1, (16, 100))
    unit[:, 7] = 1
    tops = [0, 1e-45, 1e-38, 1e-31, 9e-31, 1e-30, 2e-30, 1e-20, 1, 127, 1e10, 1e30, 3.4e38]
    x = np.zeros((16, 100), np.float32)
    x[: len(tops)] = unit[: len(tops)] * np.array(tops)[:, None]
    # The quotient is 1: these are the codes, and all of them lie between two integers.
    x[13] = (generator.integers(-127, 127, 100) + 0.5).astype(np.float32)
    x[13, 0] = 127
    x[14] = -x[13]
    x[15] = -0.0
    case = random_case("none", 16, 100, 65, 6)
    return Case("none", x, case.weight, case.scales, case.bias, case.residual)


def broken_case(kind: Kind) -> Case:
    """Returns rows with NaN and infinities among finite ones; weights of one sign and of both."""
    case = random_case(kind, 22, 70, 33, 9)
    x, weight = case.x.copy(), case.weight.copy()
    x[BROKEN[0], 3] = np.nan
    x[BROKEN[1], 5] = np.inf
    x[BROKEN[2], 69] = -np.inf
    x[BROKEN[3], 1], x[BROKEN[3], 2] = np.inf, -np.inf
    x[BROKEN[4], 8], x[BROKEN[4], 9] = np.nan, np.inf
    x[BROKEN[5], 17] = np.uint32(0x7FFFFFFF).view(np.float32)  # rounded up, it would be -0
    weight[0], weight[1] = np.abs(weight[0]), -np.abs(weight[1])
    weight[2] = 0
    return Case(kind, x, weight, case.scales, case.bias, case.residual)


BROKEN = (1, 4, 9, 12, 16, 21)
"""Rows of ``broken_case`` that have NaN or infinity."""


def _shapes() -> list[Case]:
    generator = np.random.default_rng(0)
    cases = []
    for index, rows in enumerate(ROWS * 4):
        depth, columns = int(generator.choice(DEPTHS)), int(generator.choice(COLUMNS))
        first = int(generator.integers(0, rows))
        cases.append(random_case(KINDS[index % 4], rows, depth, columns, index, first))
    return cases


SHAPES = _shapes()
EXTREMES = [extreme_case(7, 3072, 17, 1), extreme_case(33, 3072, 16, 2), extreme_case(5, 66, 65, 3)]
MAGNITUDES = magnitudes_case()
BROKEN_CASES = [broken_case(kind) for kind in KINDS]
CASES = [*SHAPES, *EXTREMES, MAGNITUDES, *BROKEN_CASES]
