"""Devices of this machine that a model can compute on, by the names that users give them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from max.driver import accelerator_api, accelerator_count

from distilbert_sentiment_arch.errors import ConfigError

_NAME = re.compile(r"cpu|auto|gpu(?::(\d+))?")


@dataclass(frozen=True)
class DeviceChoice:
    """A device.

    Attributes:
        kind: ``cpu``, or ``gpu`` for any accelerator.
        number: Which accelerator, from 0.
    """

    kind: Literal["cpu", "gpu"]
    number: int = 0

    @property
    def is_accelerator(self) -> bool:
        """Whether it is not the CPU."""
        return self.kind != "cpu"


CPU = DeviceChoice("cpu")


def choose_device(name: str) -> DeviceChoice:
    """Returns the device of a name: ``cpu``, ``gpu``, ``gpu:1``, or ``auto``.

    ``auto`` is the first accelerator, and the CPU where MAX finds none.

    Raises:
        ConfigError: No device has such a name, or this machine has no such device.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ConfigError(f"The device {name!r} is not known: name cpu, gpu, gpu:1, ..., or auto.")
    if name == "cpu":
        return CPU
    count = accelerator_count()
    number = int(match[1] or 0)
    if name == "auto" and not count:
        return CPU
    if number < count:
        return DeviceChoice("gpu", number)
    found = f"{count} ({accelerator_api()})" if count else "none"
    raise ConfigError(
        f"The device {name!r} was asked for, and MAX finds {found} of the accelerators it computes "
        "on in this machine. Take cpu, or check the accelerator's driver."
    )
