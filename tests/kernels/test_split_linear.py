"""Linear layers of numbers split into two of bfloat16, against NumPy in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from mojo_programs import InstructionSet, Pieces

from distilbert_sentiment_arch.engine.panels import split_panels, whole_panels
from distilbert_sentiment_arch.engine.rotary_weights import gated
from scripts.oracle import encoder as oracle

if TYPE_CHECKING:
    from mojo_programs import Programs

pytestmark = pytest.mark.slow

Floats = npt.NDArray[np.float32]

PROGRAM = Path(__file__).with_name("split_linear.mojo")
AMX = InstructionSet("AMX", None, "amx_bf16")

ERROR = 2.0**-16
"""Of a product of two numbers. A sum's is smaller beside the norms: errors are as often up as down.
bfloat16 alone has ``2**-8``, and its sums miss this bound a hundredfold."""

KINDS = ("plain", "gelu", "residual", "gated")


@dataclass(frozen=True)
class Layer:
    """A random layer of one of ``KINDS``, and what it is of."""

    rows: int
    depth: int
    columns: int
    kind: str = "plain"
    first: int = 0

    def numbers(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Returns x, weight, bias and residual."""
        generator = np.random.default_rng([self.depth, self.columns])
        weight = generator.standard_normal((self.columns, self.depth), np.float32)
        weight /= np.float32(self.depth**0.5)
        bias = generator.standard_normal(self.columns, np.float32)
        rows = self.first + self.rows
        x = np.random.default_rng(self.depth).standard_normal((rows, self.depth), np.float32)
        width = self.columns // (2 if self.kind == "gated" else 1)
        residual = np.random.default_rng(width).standard_normal((rows, width), np.float32)
        return x[self.first :], weight, bias, residual[self.first :]

    def content(self) -> bytes:
        """Returns the case as the program reads it."""
        x, weight, bias, residual = self.numbers()
        if self.kind == "gated":
            weight, bias = gated(weight), gated(bias)
        panels = split_panels(weight)
        layout = [KINDS.index(self.kind), self.rows, self.depth, self.columns, len(panels)]
        arrays = (np.array(layout), x, panels, whole_panels(bias), residual)
        return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)

    def take(self, found: Pieces) -> npt.NDArray[np.generic]:
        """Returns the result."""
        width = self.columns // (2 if self.kind == "gated" else 1)
        return found.take(np.float32, self.rows, width)

    def expected(self) -> npt.NDArray[np.float64]:
        """Returns the result that NumPy has."""
        x, weight, bias, residual = (each.astype(np.float64) for each in self.numbers())
        sums = x @ weight.T + bias
        if self.kind == "residual":
            return sums + residual
        if self.kind == "gated":
            values, gates = np.split(sums, 2, axis=-1)
            found: npt.NDArray[np.float64] = oracle.ACTIVATIONS["silu"](values) * gates
            return found
        return oracle.ACTIVATIONS["gelu"](sums) if self.kind == "gelu" else sums


def computed(programs: Programs, layers: Sequence[Layer]) -> list[npt.NDArray[np.generic]]:
    content = b"".join(layer.content() for layer in layers)
    written = Pieces(programs.run(PROGRAM, AMX, content))
    results = [layer.take(written) for layer in layers]
    assert written.at_the_end
    return results


# Rows near a block of 16 and a band of 256; columns near a tile and a panel; a depth of one step,
# of chunks that are not whole, and of several parts.
LAYERS = [
    Layer(1, 32, 1),
    Layer(2, 64, 63),
    Layer(15, 160, 64),
    Layer(16, 96, 65),
    Layer(17, 384, 130),
    Layer(33, 768, 768),
    Layer(255, 64, 17),
    Layer(257, 128, 320),
    Layer(256, 2048, 200),
    Layer(530, 800, 70),
]
KINDS_OF_LAYERS = [
    *(Layer(rows, 96, 80, kind) for rows in (1, 40) for kind in ("gelu", "residual")),
    *(Layer(rows, 64, columns, "gated") for rows in (1, 40) for columns in (16, 96, 208)),
]


def test_sums_have_sixteen_bits_of_each_number(programs: Programs) -> None:
    for layer, result in zip(LAYERS, computed(programs, LAYERS), strict=True):
        x, weight, *_ = layer.numbers()
        norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weight, axis=1)
        errors = np.abs(result - layer.expected()) / norms
        assert errors.max() <= ERROR, layer


def test_what_follows_the_sums(programs: Programs) -> None:
    for layer, result in zip(KINDS_OF_LAYERS, computed(programs, KINDS_OF_LAYERS), strict=True):
        np.testing.assert_allclose(result, layer.expected(), atol=1e-4, err_msg=str(layer))


def test_bits_of_a_row_do_not_depend_on_the_rows_beside_it(programs: Programs) -> None:
    for depth, columns in ((96, 70), (1600, 130)):
        rows = (0, 15, 16, 17, 255, 256, 299)
        alone = [Layer(1, depth, columns, first=row) for row in rows]
        groups = [Layer(count, depth, columns) for count in (16, 100, 300)]
        together, *singles = computed(programs, [Layer(300, depth, columns), *alone])
        for row, single in zip(rows, singles, strict=True):
            np.testing.assert_array_equal(single[0], together[row])
        for group, result in zip(groups, computed(programs, groups), strict=True):
            np.testing.assert_array_equal(result, together[: group.rows])


def test_numbers_of_any_size(programs: Programs) -> None:
    """Products are as exact beside the largest and the smallest numbers."""
    layers = [Scaled(5, 64, 40, scale=scale) for scale in (1e-20, 1e20)]
    for layer, result in zip(layers, computed(programs, layers), strict=True):
        x, weight, *_ = (each.astype(np.float64) for each in layer.numbers())
        norms = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(weight, axis=1)
        assert (np.abs(result - layer.expected()) / norms).max() <= ERROR, layer


@dataclass(frozen=True)
class Scaled(Layer):
    """A layer without a bias, of larger or smaller numbers."""

    scale: float = 1

    def numbers(self) -> tuple[Floats, Floats, Floats, Floats]:
        x, weight, bias, residual = super().numbers()
        return x * np.float32(self.scale), weight, 0 * bias, residual


def test_nan_and_infinity_are_seen(programs: Programs) -> None:
    widest = np.uint32(0x7FFFFFFF).view(np.float32)  # NaN with every bit of its fraction
    for wrong in (np.nan, widest, np.inf, -np.inf):
        (result,) = computed(programs, [Wrong(3, 64, 20, wrong=wrong)])
        assert np.isnan(result[1]).all()
        assert np.isfinite(result[[0, 2]]).all()


@dataclass(frozen=True)
class Wrong(Layer):
    """A layer whose second row has a number that is none."""

    wrong: float = 0

    def numbers(self) -> tuple[Floats, Floats, Floats, Floats]:
        x, *others = super().numbers()
        x[1, 40] = self.wrong
        return (x, *others)
