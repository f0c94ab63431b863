"""What an operator bounds, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from distilbert_sentiment_arch.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """Bounds on one request; each comes from ``MAX_SENTIMENT_<NAME>`` where that is set.

    Attributes:
        max_inputs: Most inputs in one request.
        deadline_s: Seconds within which a request is answered or refused.
        in_flight: Most inputs of one request in MAX's queue at a time.
    """

    max_inputs: int = 2048
    deadline_s: float = 60.0
    in_flight: int = 64

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Limits:
        """Reads the limits.

        Raises:
            ConfigError: A value that is not a positive number.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, float] = {}
        for field in fields(cls):
            variable = f"MAX_SENTIMENT_{field.name.upper()}"
            text = environment.get(variable)
            if text is None:
                continue
            kind = float if field.type == "float" else int
            try:
                value = kind(text)
                if not 0 < value < float("inf"):
                    raise ValueError
            except ValueError:
                raise ConfigError(
                    f"{variable} is {text!r}, not a positive {kind.__name__}. Correct or unset it."
                ) from None
            values[field.name] = value
        return cls(**values)  # type: ignore[arg-type]
