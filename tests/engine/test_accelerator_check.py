"""The comparison of an accelerator's logits with those of the CPU."""

from __future__ import annotations

import numpy as np
import pytest

from distilbert_sentiment_arch.engine.accelerator_check import check_accelerator
from distilbert_sentiment_arch.errors import DeviceError

GENERATOR = np.random.default_rng(3)
EXPECTED = GENERATOR.normal(0, 2, (64, 2)).astype(np.float32)


def said(computed: np.ndarray, precision: str) -> str | None:
    return check_accelerator(EXPECTED, computed.astype(np.float32), precision, "Some GPU")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_logits_are_served(precision: str) -> None:
    assert said(EXPECTED, precision) is None
    assert said(EXPECTED + GENERATOR.normal(0, 1e-4, EXPECTED.shape), precision) is None


def test_a_little_off_is_wrong_in_float32_and_right_in_bfloat16() -> None:
    off = EXPECTED.copy()
    off[7, 1] += 0.01
    with pytest.raises(DeviceError, match=r"Some GPU computes wrong numbers.*for float32"):
        said(off, "float32")
    assert said(off, "bfloat16") is None


def test_far_off_is_warned_of_in_bfloat16() -> None:
    warning = said(EXPECTED + GENERATOR.normal(0, 0.5, EXPECTED.shape), "bfloat16")
    assert warning is not None
    assert "misses the accuracy bound" in warning


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("garbage", [np.zeros_like(EXPECTED), EXPECTED[::-1], EXPECTED * np.nan])
def test_logits_of_something_else_are_refused(precision: str, garbage: np.ndarray) -> None:
    with pytest.raises(DeviceError, match="--devices cpu"):
        said(garbage, precision)
