"""Choice of the device that computes a checkpoint: by what MAX finds and by what a probe showed.

``auto`` takes an accelerator only where the whole classifier of this checkpoint was computed on it,
with this driver and this MAX, and the numbers were right. No file below ``/dev`` is looked at:
integrated GPUs have such files, too, and MAX may have no kernels for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.errors import ConfigError, DeviceError
from distilbert_sentiment_arch.machine.accelerators import (
    Accelerator,
    Accelerators,
    find_accelerators,
)
from distilbert_sentiment_arch.probe.kept import AcceleratorPrecision, kept_verdict
from distilbert_sentiment_arch.probe.verdict import RungVerdict

CPU = "cpu"
AUTO = "auto"

_NAME = re.compile(r"cpu|auto|gpu(?::(\d+))?")


@dataclass(frozen=True)
class DeviceDecision:
    """The device that computes, and why.

    Attributes:
        device: ``cpu``, or ``gpu:0``.
        reason: Why this one, in words; a clause without a full stop.
        accelerator: What MAX says of it; None for the CPU.
    """

    device: str
    reason: str
    accelerator: Accelerator | None = None


def on_accelerator(precision: str) -> AcceleratorPrecision:
    """Returns what an accelerator computes in, where this precision is asked for.

    Args:
        precision: A setting of ``--precision``, or an encoding of MAX's.
    """
    return "bfloat16" if precision == "bfloat16" else "float32"


def check_device(setting: str) -> None:
    """Checks that there is a device for a setting, before a checkpoint is looked for.

    Args:
        setting: ``cpu``, ``auto``, ``gpu`` or ``gpu:1``.

    Raises:
        ConfigError: No device has such a name.
        DeviceError: MAX does not find the accelerator.
    """
    number = _number(setting)
    if number is not None:
        _accelerator(setting, number)


def choose_device(
    setting: str, checkpoint: NamedCheckpoint, precision: AcceleratorPrecision = "float32"
) -> DeviceDecision:
    """Returns the device that computes a checkpoint.

    Args:
        setting: ``cpu``; ``gpu`` or ``gpu:1``, which is that accelerator or an error; or ``auto``,
            the first accelerator whose probe passed, else the CPU.
        checkpoint: The checkpoint.
        precision: What it would be computed in on an accelerator.

    Raises:
        ConfigError: No device has such a name.
        DeviceError: MAX does not find the accelerator.
    """
    if setting == CPU:
        return DeviceDecision(CPU, "the setting asks for it")
    number = _number(setting)
    if number is not None:
        accelerator = _accelerator(setting, number)
        verdict = kept_verdict(accelerator, checkpoint, precision)
        reason = f"the setting asks for it; {_described(accelerator)} "
        reason += _of_probe(verdict, precision)
        return DeviceDecision(accelerator.name, reason, accelerator)
    asked = find_accelerators()
    if not asked.found:
        return DeviceDecision(CPU, asked.error or "MAX finds no accelerator")
    refused = []
    for each in asked.found:
        verdict = kept_verdict(each, checkpoint, precision)
        known = f"{_described(each)} {_of_probe(verdict, precision)}"
        if verdict is not None and verdict.works:
            return DeviceDecision(each.name, known, each)
        refused.append(known)
    return DeviceDecision(CPU, "; ".join(refused))


def _number(setting: str) -> int | None:
    """Returns the number of the accelerator that a setting names; None for cpu and auto."""
    match = _NAME.fullmatch(setting)
    if match is None:
        raise ConfigError(
            f"The device {setting!r} is not known: name cpu, gpu, gpu:1, ..., or auto."
        )
    return None if setting in (CPU, AUTO) else int(match[1] or 0)


def _accelerator(setting: str, number: int) -> Accelerator:
    asked = find_accelerators()
    for each in asked.found:
        if each.number == number:
            return each
    raise DeviceError(f"The device {setting!r} was asked for, and {_found(asked)}")


def _found(asked: Accelerators) -> str:
    """Says what MAX finds, and what can be done; the end of a sentence, and another one."""
    if asked.error:
        return f"{asked.error}. Take cpu, or check the accelerator's driver."
    if not asked.found:
        return (
            "MAX finds no accelerator that it computes on in this machine. Take cpu, or check the "
            "accelerator's driver."
        )
    names = ", ".join(map(_described, asked.found))
    return f"MAX finds {names} in this machine. Take one of these, or cpu."


def _of_probe(verdict: RungVerdict | None, precision: AcceleratorPrecision) -> str:
    """Says what the last probe of an accelerator came to; the end of a clause."""
    if verdict is None:
        return (
            f"was not probed with this model in {precision}, this driver and this MAX "
            "(max-sentiment doctor --probe does it)"
        )
    if verdict.works:
        return "passed its probe with this model"
    said = f": {verdict.reason}" if verdict.reason else ""
    return (
        f"failed with this model ({verdict.outcome}{said}); max-sentiment doctor --probe tries it "
        "again"
    )


def _described(accelerator: Accelerator) -> str:
    names = ", ".join(filter(None, (accelerator.model, accelerator.api)))
    return f"{accelerator.name} ({names})"
