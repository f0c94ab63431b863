"""Arguments of the public API: checked before anything is loaded, and texts that are missing."""

from __future__ import annotations

import os

import numpy as np

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.classify.interface import (
    TRUNCATION_MODES,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.errors import ConfigError, InputError
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED
from distilbert_sentiment_arch.messages import shown
from distilbert_sentiment_arch.settings.precision import PRECISION_SETTINGS, PrecisionSetting


def model_options(
    model: str | os.PathLike[str] | None,
    revision: str | None,
    precision: PrecisionSetting | None,
    fallback: str | None,
    truncation: TruncationMode = "end",
) -> ModelOptions:
    """Returns what is to be loaded; ``Classifier.load`` has the arguments.

    Raises:
        ConfigError: There is no such precision, or no such word list.
        InputError: There is no such truncation.
    """
    if precision is not None and precision not in PRECISION_SETTINGS:
        raise ConfigError(
            f"The precision {shown(precision)} is not known: name one of "
            f"{', '.join(PRECISION_SETTINGS)}."
        )
    if fallback is not None and fallback not in EMBEDDED:
        raise ConfigError(
            f"The word list {shown(fallback)} is not known: name one of {', '.join(EMBEDDED)} as "
            "fallback."
        )
    name = None if model is None else os.fspath(model)
    how = checked_truncation(truncation)
    return ModelOptions(name, revision, precision, how, fallback=fallback)


def checked_truncation(mode: TruncationMode) -> Truncation:
    """Returns what is read of a text over the model's limit.

    Raises:
        InputError: There is no such way.
    """
    if mode not in TRUNCATION_MODES:
        raise InputError(
            f"truncation is {shown(mode)}; possible are {', '.join(TRUNCATION_MODES)}, and for "
            "Classifier.classify None, which refuses texts over the model's limit.",
            param="truncation",
        )
    return Truncation(mode)


def is_missing(value: object) -> bool:
    """Whether a cell is what Arrow, NumPy or pandas have where there is none."""
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    # Of pandas, which may not be installed here; they cannot be compared.
    return value is None or type(value).__name__ in ("NAType", "NaTType")
