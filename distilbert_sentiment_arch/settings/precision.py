"""The precision setting: its values, its variable, and what is said of the precision in use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from distilbert_sentiment_arch.errors import ConfigError

Precision = Literal["float32", "bfloat16x3", "bfloat16", "int8"]
"""What the linear layers of an encoder's blocks are computed in.

``bfloat16x3``: each number as the sum of two bfloat16 numbers, each product as three of theirs.
"""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

WITHOUT_CODES: tuple[Precision, ...] = ("float32", "bfloat16x3")
"""Those that every encoder is computed in."""

CodePrecision = Literal["int8", "bfloat16"]
"""Those with kernels of their own, which compute the usual shapes of encoders alone."""
CODE_PRECISIONS: tuple[CodePrecision, ...] = get_args(CodePrecision)

PrecisionSetting = Literal["float32", "bfloat16x3", "bfloat16", "int8", "auto"]
PRECISION_SETTINGS: tuple[PrecisionSetting, ...] = get_args(PrecisionSetting)

PRECISION = "MAX_SENTIMENT_PRECISION"
"""Environment variable of the setting, which a plain ``max serve`` reads as well."""

DEFAULT_PRECISION: PrecisionSetting = "float32"


@dataclass(frozen=True)
class PrecisionChoice:
    """The precision that a model is computed in, and why.

    Attributes:
        precision: A ``Precision``; on an accelerator what MAX computes in.
        requested: The setting.
        reason: Why this one, in words; a clause without a full stop.
    """

    precision: str
    requested: PrecisionSetting
    reason: str

    def __str__(self) -> str:
        return f"computing in {self.precision} (setting: {self.requested}): {self.reason}"


def requested_precision(environment: Mapping[str, str] | None = None) -> PrecisionSetting:
    """Reads the setting; None means the variables of this process.

    Raises:
        ConfigError: The value is not one of ``PRECISION_SETTINGS``.
    """
    environment = os.environ if environment is None else environment
    value = environment.get(PRECISION, DEFAULT_PRECISION)
    for known in PRECISION_SETTINGS:
        if value == known:
            return known
    raise ConfigError(
        f"{PRECISION} is {value!r}; possible are {', '.join(PRECISION_SETTINGS)}. Correct or unset "
        "it."
    )
