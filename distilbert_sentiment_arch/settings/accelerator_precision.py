"""What the precision setting means on an accelerator."""

from __future__ import annotations

import os
from collections.abc import Mapping

from distilbert_sentiment_arch.settings.precision import PRECISION, requested_precision


def accelerator_encoding(encoding: str, environment: Mapping[str, str] | None = None) -> str:
    """Returns what an accelerator computes in.

    Args:
        encoding: What MAX would compute in.
        environment: Variables; None means those of this process.

    Returns:
        Where the setting is set, ``bfloat16`` if it says so, and ``float32`` for all others, which
        are precisions of CPUs. Otherwise what MAX would compute in.

    Raises:
        ConfigError: The setting is not one of ``PRECISION_SETTINGS``.
    """
    environment = os.environ if environment is None else environment
    requested = requested_precision(environment)
    if PRECISION not in environment:
        return encoding
    return "bfloat16" if requested == "bfloat16" else "float32"
