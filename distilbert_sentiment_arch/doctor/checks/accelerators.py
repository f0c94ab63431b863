"""Accelerators, as MAX sees them, and the device that a server takes."""

from __future__ import annotations

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.doctor.questions import CPU
from distilbert_sentiment_arch.machine.accelerators import Accelerator

AREA = "accelerators"

_PROBE = "max-sentiment doctor --probe tries it."


def check_accelerators(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    return [*_found(examined), *_chosen(examined)]


def _found(examined: Examined) -> list[Finding]:
    said, name = examined.answers.accelerators, "accelerators.found"
    if said.error and examined.answers.max.imported_s is None:
        return [Finding(AREA, name, "not known", "MAX cannot be asked, see software.max")]
    if said.error:
        return [
            Finding(
                AREA,
                name,
                "not known",
                f"{said.error}; the CPU, which serves by default, does not need it",
                "Check the accelerator's driver, or leave --devices out.",
                "warning",
            )
        ]
    if not said.found:
        return [Finding(AREA, name, "none", "MAX finds none: the CPU computes")]
    return [_described(each) for each in said.found]


def _described(accelerator: Accelerator) -> Finding:
    known = [
        accelerator.api,
        accelerator.model,
        accelerator.architecture,
        f"driver {accelerator.driver}" if accelerator.driver else "",
        f"{accelerator.memory_bytes / 1e9:.1f} GB" if accelerator.memory_bytes else "",
    ]
    return Finding(
        AREA,
        f"accelerators.{accelerator.name}",
        ", ".join(filter(None, known)),
        f"MAX finds it; a server computes on the CPU unless --devices auto or {accelerator.name}",
    )


def _chosen(examined: Examined) -> list[Finding]:
    """Returns the finding about what ``--devices`` comes to, where it is more than the default."""
    name, setting = "accelerators.chosen", examined.options.devices
    report = examined.answers.device
    if report is None:
        return []
    if not report.device:
        remedy = "As the message says."
        return [Finding(AREA, name, f"--devices {setting}", report.reason, remedy, "unfit")]
    found = f"--devices {setting} takes {report.device}"
    if report.device == CPU and examined.answers.accelerators.found:
        return [Finding(AREA, name, found, report.reason, _PROBE, "warning")]
    return [Finding(AREA, name, found, report.reason)]
