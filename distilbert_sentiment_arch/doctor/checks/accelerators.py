"""Accelerators, as MAX sees them, and which device a server takes."""

from __future__ import annotations

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.machine.accelerators import Accelerator

AREA = "accelerators"


def check_accelerators(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    said = examined.answers.accelerators
    if said.error and examined.answers.max.imported_s is None:
        return [Finding(AREA, "accelerators.found", "not known", "see software.max")]
    if said.error:
        return [
            Finding(
                AREA,
                "accelerators.found",
                "not known",
                f"{said.error}; the CPU, which serves by default, does not need it",
                "Check the accelerator's driver, or leave --devices out.",
                "warning",
            )
        ]
    if not said.found:
        return [Finding(AREA, "accelerators.found", "none", "MAX finds none: the CPU computes")]
    return [_found(each) for each in said.found]


def _found(accelerator: Accelerator) -> Finding:
    described = [
        accelerator.model,
        accelerator.architecture,
        f"driver {accelerator.driver}" if accelerator.driver else "",
        f"{accelerator.memory_bytes / 1e9:.1f} GB" if accelerator.memory_bytes else "",
    ]
    return Finding(
        AREA,
        f"accelerators.{accelerator.name}",
        ", ".join([accelerator.api, *filter(None, described)]),
        f"MAX finds it; the CPU serves unless --devices {accelerator.name} asks for it",
    )
