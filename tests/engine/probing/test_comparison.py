"""The comparison of a result with the expected one."""

from __future__ import annotations

import numpy as np
import pytest

from distilbert_sentiment_arch.engine.probing.comparison import compare

EXPECTED = np.array([[1.0, -8.0], [0.5, 4.0]])


def found(**changes: float) -> np.ndarray:
    result = EXPECTED.astype(np.float32)
    for place, value in changes.items():
        result[int(place[1]), int(place[2])] = value
    return result


def test_an_error_is_a_part_of_the_largest_number() -> None:
    answer = compare(found(_00=1.08), EXPECTED, 0.011)
    assert answer["outcome"] == "works"
    assert answer["error"] == pytest.approx(0.01, rel=1e-5)


def test_one_wrong_number_is_too_many() -> None:
    answer = compare(found(_00=1.08, _11=3.5), EXPECTED, 0.02)
    assert answer["outcome"] == "wrong numbers"
    assert answer["error"] == pytest.approx(0.0625)
    assert answer["reason"] == (
        "the error is 0.062, and 0.02 is allowed; 1 of 4 numbers are farther off"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_wrong_whatever_is_allowed(value: float) -> None:
    answer = compare(found(_01=value), EXPECTED, 1e9)
    assert answer["outcome"] == "wrong numbers"
    assert answer["reason"] == "1 of 4 numbers are NaN or infinite"


def test_nothing_but_zeros_is_wrong() -> None:
    assert compare(np.zeros((2, 2), np.float32), EXPECTED, 0.5)["outcome"] == "wrong numbers"


def test_another_shape_is_wrong() -> None:
    answer = compare(found().reshape(4), EXPECTED, 1)
    assert answer["reason"] == "the result's shape is (4,), not (2, 2)"


def test_without_tolerance_every_bit_counts() -> None:
    assert compare(found(), EXPECTED, 0.0)["outcome"] == "works"
    assert compare(found(_00=1.0000001), EXPECTED, 0.0)["outcome"] == "wrong numbers"


def test_rounding_of_tf32_is_named() -> None:
    assert "tf32" in compare(found(_00=1.002), EXPECTED, 1e-5)["reason"]
    assert "tf32" not in compare(found(_00=1.2), EXPECTED, 1e-5)["reason"]
