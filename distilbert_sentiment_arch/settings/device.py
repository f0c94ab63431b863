"""The device of a server: what follows where it fails, and what is said of the one in use."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from distilbert_sentiment_arch.errors import ConfigError

DeviceFallback = Literal["off", "cpu", "always"]
"""What serves where the device of a server fails: nothing; the CPU; and where that fails, too, the
word list."""
DEVICE_FALLBACKS: tuple[DeviceFallback, ...] = get_args(DeviceFallback)

DEVICE_FALLBACK = "MAX_SENTIMENT_DEVICE_FALLBACK"
"""Environment variable of the setting."""

DEVICE_USE = "MAX_SENTIMENT_DEVICE_USE"
"""Environment variable in which ``serve`` tells the server that it starts what it computes on."""

LEXICON = "lexicon"
"""The word list, where it is named among devices."""


@dataclass(frozen=True)
class DeviceUse:
    """The device that a model is computed on, and why.

    Attributes:
        computed: ``cpu``, ``gpu:0``, or ``lexicon`` where a word list answers in its place.
        requested: The operator's setting: ``cpu``, ``auto``, ``gpu`` or ``gpu:1``.
        reason: Why it is computed there, in words; a clause without a full stop.
        failed: What served before and failed, in this order.
    """

    computed: str
    requested: str
    reason: str
    failed: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """The device that was chosen at first."""
        return self.failed[0] if self.failed else self.computed

    def as_variable(self) -> dict[str, str]:
        """Returns the environment variable that tells it to a child process."""
        return {DEVICE_USE: json.dumps(asdict(self))}


def device_use(
    computed: str | None = None, environment: Mapping[str, str] | None = None
) -> DeviceUse | None:
    """Returns what this process was told by ``as_variable``.

    Args:
        computed: The device that the model is on. What was told of another one, by a variable that
            is left from somewhere else, does not count. None where it is not known.
        environment: Variables; None for those of this process.

    Returns:
        None where nothing was told.
    """
    environment = os.environ if environment is None else environment
    try:
        told = json.loads(environment.get(DEVICE_USE, "null"))
        use = DeviceUse(**{**told, "failed": tuple(told["failed"])}) if told else None
    except (ValueError, TypeError, KeyError):
        return None
    return use if use is None or computed in (None, use.computed) else None


def requested_fallback(environment: Mapping[str, str] | None = None) -> DeviceFallback | None:
    """Reads the setting; None where it is not set.

    Args:
        environment: Variables; None for those of this process.

    Raises:
        ConfigError: The value is not one of ``DEVICE_FALLBACKS``.
    """
    environment = os.environ if environment is None else environment
    value = environment.get(DEVICE_FALLBACK)
    for known in DEVICE_FALLBACKS:
        if value == known:
            return known
    if value is None:
        return None
    raise ConfigError(
        f"{DEVICE_FALLBACK} is {value!r}; possible are {', '.join(DEVICE_FALLBACKS)}. Correct or "
        "unset it."
    )
