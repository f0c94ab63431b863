"""Check of an accelerator, each time a model is loaded: are its logits those of the CPU?

A driver, a kernel or a device can be wrong without failing: MAX's own issues tell of products that
are (https://github.com/modular/modular/issues/6883). The sentences of ``check_sentences`` are
computed on the accelerator, and in float32 on the CPU.
"""

from __future__ import annotations

import numpy as np

from distilbert_sentiment_arch.engine.numpy_encoder import Floats
from distilbert_sentiment_arch.engine.self_check import compare
from distilbert_sentiment_arch.errors import DeviceError

MOST_IN_FLOAT32 = 1e-3
"""Largest difference of a logit in float32, as a share of the spread (see ``self_check``).

Of the embedded checkpoint, ``scripts/accelerator_bounds.py`` finds 2e-5 for the products of
``float32_products``, and 7e-3 for those in TF32.
"""

MOST_AT_ALL = 0.5
"""Largest mean difference of the logits in any precision, as a share of the spread: beyond it,
what is computed is not this model."""


def check_accelerator(
    expected: Floats, computed: Floats, precision: str, device: str
) -> str | None:
    """Compares logits ``(sentences, num_labels)`` of an accelerator with those of the CPU.

    Args:
        expected: Of the CPU, in float32.
        computed: Of the accelerator.
        precision: What the accelerator computes in.
        device: Its name, for messages.

    Returns:
        What is said against serving them; None for nothing.

    Raises:
        DeviceError: They are not this model's.
    """
    difference = np.abs(expected - computed)
    spread = float(expected.std(axis=0).mean())
    bound, found = MOST_AT_ALL, float(difference.mean())
    if precision == "float32":
        bound, found = MOST_IN_FLOAT32, float(difference.max())
    if not found <= bound * spread:  # NaN is not
        raise DeviceError(
            f"{device} computes wrong numbers: logits differ from those of the CPU by "
            f"{found / spread if spread else float('inf'):.2g} of their spread, and "
            f"{bound:g} is the bound for {precision}. Serve with --devices cpu, and look for a "
            "newer driver."
        )
    verdict = compare(expected, computed)
    if verdict.passed:
        return None
    return (
        f"{precision} misses the accuracy bound for this checkpoint on {device} "
        f"({verdict.figures}). Set float32 where that matters."
    )
