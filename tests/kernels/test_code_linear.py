"""Linear layers over codes in each instruction set: int8 to the bit, bfloat16 within rounding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from code_cases import BROKEN, BROKEN_CASES, CASES, Case, Kind
from mojo_programs import INSTRUCTION_SETS, PORTABLE, InstructionSet, build

from scripts.oracle.codes import encode_rows, multiply_codes, round_to_bfloat16
from scripts.oracle.encoder import ACTIVATIONS

if TYPE_CHECKING:
    from conftest import CodeOutcomes

pytestmark = pytest.mark.slow

each_set = pytest.mark.parametrize("instructions", INSTRUCTION_SETS, ids=lambda each: each.name)

GELU_ERROR = 1.3e-4
"""Of the approximation that ``gelu_of_codes`` says it is."""


def results(
    code_outcomes: CodeOutcomes, instructions: InstructionSet, kind: Kind
) -> Iterator[tuple[Case, npt.NDArray[np.bool_], npt.NDArray[np.float32]]]:
    """Yields cases of a kind, which rows are finite, and the results of these."""
    for case, outcome in zip(CASES, code_outcomes(instructions), strict=True):
        if case.kind == kind:
            rows = np.isfinite(case.x).all(axis=1)
            yield case, rows, outcome.result[rows]


def exact(case: Case, rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Returns an int8 layer's result before what follows it."""
    return multiply_codes(
        *encode_rows(case.x[rows]), case.weight.astype(np.int64), case.scales, case.bias
    )


@each_set
def test_integers(code_outcomes: CodeOutcomes, instructions: InstructionSet) -> None:
    for case, rows, result in results(code_outcomes, instructions, "none"):
        np.testing.assert_array_equal(result, exact(case, rows))


@each_set
def test_a_residual_is_added(code_outcomes: CodeOutcomes, instructions: InstructionSet) -> None:
    for case, rows, result in results(code_outcomes, instructions, "residual"):
        np.testing.assert_array_equal(result, exact(case, rows) + case.residual[rows])


@each_set
def test_gelu(code_outcomes: CodeOutcomes, instructions: InstructionSet) -> None:
    for case, rows, result in results(code_outcomes, instructions, "gelu"):
        expected = ACTIVATIONS["gelu"](exact(case, rows).astype(np.float64))
        np.testing.assert_allclose(result, expected, atol=GELU_ERROR, rtol=2**-23)


@each_set
def test_bfloat16(code_outcomes: CodeOutcomes, instructions: InstructionSet) -> None:
    for case, rows, result in results(code_outcomes, instructions, "bfloat16"):
        x = round_to_bfloat16(case.x[rows]).astype(np.float64)
        expected = x @ case.weight.T + case.bias
        # Each of depth + 1 additions in float32 rounds a number no larger than all together.
        magnitudes = np.abs(x) @ np.abs(case.weight).T + np.abs(case.bias)
        bound = (case.x.shape[1] + 1) * 2.0**-24 * magnitudes
        assert np.all(np.abs(result - expected) <= bound)


@each_set
def test_nan_and_infinity_show_in_every_column_of_their_rows_only(
    code_outcomes: CodeOutcomes, instructions: InstructionSet
) -> None:
    found = dict(zip(CASES, code_outcomes(instructions), strict=True))
    for case in BROKEN_CASES:
        finite = np.isfinite(found[case].result)
        for row in range(len(case.x)):
            assert not finite[row].any() if row in BROKEN else finite[row].all()


def test_arm_processors_with_dot_products_use_them(tmp_path: Path) -> None:
    assembly = tmp_path / "code_linear.s"
    processor = ["--target-triple", "aarch64-unknown-linux-gnu", "--target-cpu", "neoverse-v1"]
    build(Path(__file__).with_name("code_linear.mojo"), assembly, "--emit", "asm", *processor)
    assert len(re.findall(r"\tsdot\t", assembly.read_text("utf-8"))) > 24  # a tile has 6 x 4


@pytest.mark.parametrize("instructions", INSTRUCTION_SETS[:-1], ids=lambda each: each.name)
def test_every_instruction_set_gives_the_same_bits(
    code_outcomes: CodeOutcomes, instructions: InstructionSet
) -> None:
    pairs = zip(code_outcomes(instructions), code_outcomes(PORTABLE), strict=True)
    for case, (found, portable) in zip(CASES, pairs, strict=True):
        if case.kind != "bfloat16":
            np.testing.assert_array_equal(found.result, portable.result)
            np.testing.assert_array_equal(found.scales, portable.scales)
