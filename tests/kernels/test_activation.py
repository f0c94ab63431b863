"""The activations of the kernels, against NumPy in float64."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from mojo_programs import INSTRUCTION_SETS

from distilbert_sentiment_arch.engine.layers import ACTIVATION_OPS
from scripts.oracle import encoder as oracle

if TYPE_CHECKING:
    from mojo_programs import Programs

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("activation.mojo")

ORACLE = {
    "none": lambda x: x,
    "gelu": oracle.ACTIVATIONS["gelu"],
    "gelu_tanh": oracle.ACTIVATIONS["gelu_new"],
    "relu": oracle.ACTIVATIONS["relu"],
    "silu": oracle.ACTIVATIONS["silu"],
    "tanh": oracle.ACTIVATIONS["tanh"],
}
"""In the order in which the program writes them."""

# From the middle into the tails; as many as fill whole vectors.
NUMBERS = np.concatenate(
    [np.linspace(-12, 12, 47_992), [-1e6, -50, 50, 1e6, np.nan, -np.nan, -0.0, 0.0]]
).astype(np.float32)


@pytest.fixture(scope="module")
def found(programs: Programs) -> dict[str, npt.NDArray[np.float32]]:
    (native, *_) = INSTRUCTION_SETS
    written = np.frombuffer(programs.run(PROGRAM, native, NUMBERS.tobytes()), np.float32)
    return dict(zip(ORACLE, written.reshape(len(ORACLE), len(NUMBERS)), strict=True))


def test_every_activation_has_a_kernel() -> None:
    assert set(ORACLE) == {"none", *ACTIVATION_OPS}


@pytest.mark.parametrize("activation", ORACLE)
def test_numbers_from_the_middle_into_the_tails(
    found: dict[str, npt.NDArray[np.float32]], activation: str
) -> None:
    numbers = NUMBERS[~np.isnan(NUMBERS)]
    with np.errstate(over="ignore"):  # of exp: the result is 0
        exact = ORACLE[activation](numbers.astype(np.float64))
    results = found[activation][~np.isnan(NUMBERS)]
    np.testing.assert_allclose(results, exact, atol=2e-6, rtol=2**-22)


def test_gelu_is_exact(found: dict[str, npt.NDArray[np.float32]]) -> None:
    numbers = NUMBERS[~np.isnan(NUMBERS)]
    exact = ORACLE["gelu"](numbers.astype(np.float64))
    np.testing.assert_allclose(found["gelu"][~np.isnan(NUMBERS)], exact, atol=1e-6, rtol=1e-7)


@pytest.mark.parametrize("activation", ORACLE)
def test_nan_stays_nan(found: dict[str, npt.NDArray[np.float32]], activation: str) -> None:
    np.testing.assert_array_equal(np.isnan(found[activation]), np.isnan(NUMBERS))
