"""What an operator bounds, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields

from distilbert_sentiment_arch.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """Bounds on the work of the server; each is read from ``MAX_SENTIMENT_<NAME>`` where set.

    Attributes:
        max_inputs: Most inputs in one request.
        max_request_tokens: Most tokens to compute for one request, windows included.
        max_pending_tokens: Tokens accepted and not yet answered at which requests are refused.
        deadline_s: Seconds within which a request is answered or refused.
        in_flight: Most sequences of one request in MAX's queue at a time, so that one long list
            does not fill it for everybody else.
    """

    max_inputs: int = 2048
    max_request_tokens: int = 131_072
    max_pending_tokens: int = 32_768
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
            variable = environment_variable(field.name)
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


def environment_variable(name: str) -> str:
    """Returns the variable that a limit is read from."""
    return f"MAX_SENTIMENT_{name.upper()}"
