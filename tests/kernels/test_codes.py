"""Rows as int8 codes with a scale, and as bfloat16 numbers, to the bit, in each instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from code_cases import BROKEN, BROKEN_CASES, CASES, MAGNITUDES, Case, Outcome
from mojo_programs import INSTRUCTION_SETS, InstructionSet

from scripts.oracle.codes import encode_rows, fused_multiply_add, round_to_bfloat16

if TYPE_CHECKING:
    from conftest import CodeOutcomes

each_set = pytest.mark.parametrize("instructions", INSTRUCTION_SETS, ids=lambda each: each.name)


def finite(case: Case) -> npt.NDArray[np.bool_]:
    """Returns which rows have neither NaN nor infinity."""
    found: npt.NDArray[np.bool_] = np.isfinite(case.x).all(axis=1)
    return found


def integers(case: Case, outcome: Outcome, offset: int) -> npt.NDArray[np.int64]:
    """Returns the integers that codes stand for, which are stored with an offset."""
    stored = outcome.codes[:, : case.x.shape[1]].astype(np.int64) - offset
    return (stored + 128) % 256 - 128


def pairs(found: list[Outcome], *, bfloat16: bool) -> Iterator[tuple[Case, Outcome]]:
    for case, outcome in zip(CASES, found, strict=True):
        if (case.kind == "bfloat16") is bfloat16:
            yield case, outcome


@pytest.mark.slow
@each_set
def test_codes_and_scales(code_outcomes: CodeOutcomes, instructions: InstructionSet) -> None:
    found = code_outcomes(instructions)
    zeros = found[CASES.index(MAGNITUDES)].codes[0, : MAGNITUDES.x.shape[1]]
    offset = int(zeros[0])
    assert offset in (0, 128)
    for case, outcome in pairs(found, bfloat16=False):
        codes, scales = encode_rows(case.x[finite(case)])
        assert np.abs(codes).max() <= 127
        np.testing.assert_array_equal(outcome.scales[finite(case)], scales)
        np.testing.assert_array_equal(integers(case, outcome, offset)[finite(case)], codes)


@pytest.mark.slow
@each_set
def test_a_row_that_is_not_finite_has_no_scale(
    code_outcomes: CodeOutcomes, instructions: InstructionSet
) -> None:
    for case, outcome in pairs(code_outcomes(instructions), bfloat16=False):
        if case in BROKEN_CASES:
            assert np.flatnonzero(np.isnan(outcome.scales)).tolist() == list(BROKEN)


@pytest.mark.slow
@each_set
def test_bfloat16_numbers(code_outcomes: CodeOutcomes, instructions: InstructionSet) -> None:
    for case, outcome in pairs(code_outcomes(instructions), bfloat16=True):
        upper = outcome.codes.view("<u2").astype(np.uint32) << 16
        numbers = upper.view(np.float32)[:, : case.x.shape[1]]
        np.testing.assert_array_equal(
            numbers[finite(case)], round_to_bfloat16(case.x[finite(case)])
        )
        others = numbers[~finite(case)], case.x[~finite(case)]
        for test in (np.isnan, np.isposinf, np.isneginf):
            np.testing.assert_array_equal(*map(test, others))


@pytest.mark.parametrize(
    ("numbers", "rounded"),
    [
        ([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8], [1, 1 + 2**-6, -1]),  # halves to even
        ([1 + 2**-8 + 2**-20, 1 + 2**-7 - 2**-20], [1 + 2**-7, 1 + 2**-7]),
        ([0, -0.0, 2**-126, 255.6], [0, -0.0, 2**-126, 256]),
    ],
)
def test_the_reference_rounds_to_bfloat16(numbers: list[float], rounded: list[float]) -> None:
    found = round_to_bfloat16(np.array(numbers, np.float32))
    np.testing.assert_array_equal(found, np.array(rounded, np.float32))


def test_the_reference_multiplies_and_adds_with_one_rounding() -> None:
    generator = np.random.default_rng(0)
    x, y, z = generator.standard_normal((3, 4000)).astype(np.float32)
    x *= np.exp2(generator.integers(-20, 20, 4000)).astype(np.float32)
    z[:1000] = -(x * y)[:1000]  # what is left is the product's rounding error
    # Rounded to float64, such sums lie in the middle of two numbers; exactly, beside it.
    x[1000:2000], y[1000:2000] = 1 + 2.0**-23, 1 + 2.0**-23
    z[1000:2000] = np.exp2(generator.integers(0, 60, 1000))
    found = fused_multiply_add(x, y, z)
    for number, *factors in zip(found, x, y, z, strict=True):
        first, second, addend = (Fraction(float(each)) for each in factors)
        exact = first * second + addend
        near = [np.nextafter(number, np.float32(side)) for side in (-np.inf, np.inf)]
        error = abs(Fraction(float(number)) - exact)
        for other in near:
            distance = abs(Fraction(float(other)) - exact)
            even = int(number.view(np.int32)) % 2 == 0
            assert error < distance or (error == distance and even)
