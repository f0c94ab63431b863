"""The device that a model in this process computes on, as MAX takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from max.driver import accelerator_count

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.probe.choice import AUTO, DeviceDecision, on_accelerator
from distilbert_sentiment_arch.probe.choice import choose_device as decide
from distilbert_sentiment_arch.settings.precision import PrecisionSetting, requested_precision


@dataclass(frozen=True)
class DeviceChoice:
    """A device.

    Attributes:
        kind: ``cpu``, or ``gpu`` for any accelerator.
        number: Which accelerator, from 0.
        reason: Why this one, in words.
    """

    kind: Literal["cpu", "gpu"]
    number: int = 0
    reason: str = ""

    @property
    def is_accelerator(self) -> bool:
        """Whether it is not the CPU."""
        return self.kind != "cpu"

    def __str__(self) -> str:
        return f"gpu:{self.number}" if self.is_accelerator else "cpu"


CPU = DeviceChoice("cpu")


def choose_device(
    name: str, checkpoint: NamedCheckpoint, precision: PrecisionSetting | None = None
) -> DeviceChoice:
    """Returns the device that computes a checkpoint; see ``probe.choice.choose_device``.

    Args:
        name: ``cpu``; ``gpu`` or ``gpu:1``, which is that accelerator or an error; or ``auto``, the
            first accelerator whose probe passed, else the CPU.
        checkpoint: The checkpoint.
        precision: The setting; None for the environment's.

    Raises:
        ConfigError: No device has such a name, or the environment's precision is none.
        DeviceError: MAX does not find the accelerator.
    """
    if name == AUTO and not accelerator_count():
        return DeviceChoice("cpu", reason="MAX finds no accelerator")  # without asking a child
    computed = on_accelerator(precision or requested_precision())
    return _as_choice(decide(name, checkpoint, computed))


def _as_choice(decision: DeviceDecision) -> DeviceChoice:
    if decision.accelerator is None:
        return DeviceChoice("cpu", reason=decision.reason)
    return DeviceChoice("gpu", decision.accelerator.number, decision.reason)
