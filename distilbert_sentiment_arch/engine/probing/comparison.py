"""Comparison of a rung's result with NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_TF32 = 2.0**-10

Answer = dict[str, Any]
"""``outcome``, ``reason`` and ``error``; see ``probe.verdict``."""


def compare(found: npt.NDArray[Any], expected: npt.NDArray[Any], tolerance: float) -> Answer:
    """Returns the answer to how far a result is from the expected one.

    The error is the largest difference, as a part of the largest number expected.

    Args:
        found: The result.
        expected: In float64.
        tolerance: Largest error with which the rung works.
    """
    if found.shape != expected.shape:
        return _wrong(f"the result's shape is {found.shape}, not {expected.shape}")
    broken = int(np.count_nonzero(~np.isfinite(found)))
    if broken:
        return _wrong(f"{broken} of {found.size} numbers are NaN or infinite")
    differences = np.abs(found.astype(np.float64) - expected)
    error = float(differences.max() / np.abs(expected).max())
    if error <= tolerance:
        return {"outcome": "works", "error": error}
    wrong = int(np.count_nonzero(differences > tolerance * np.abs(expected).max()))
    hint = ", of the size of tf32's rounding" if tolerance < error <= _TF32 else ""
    return _wrong(
        f"the error is {error:.2g}{hint}, and {tolerance:g} is allowed; {wrong} of {found.size} "
        "numbers are farther off",
        error,
    )


def _wrong(reason: str, error: float = 0.0) -> Answer:
    return {"outcome": "wrong numbers", "reason": reason, "error": error}
