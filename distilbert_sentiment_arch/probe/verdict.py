"""What a rung of the ladder came to on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["works", "no kernel", "wrong numbers", "crashed", "hung", "not run"]
"""``no kernel``: the graph does not compile or load for the device."""

CLASSIFIER = "classifier"
"""The last rung: the whole classifier of a checkpoint, tokens to logits."""


@dataclass(frozen=True)
class RungVerdict:
    """A rung on a device.

    Attributes:
        device: ``cpu``, or ``gpu:0``.
        rung: Its name, for example ``matmul float32``.
        outcome: What it came to.
        reason: The compiler's or the comparison's words, shortened to a line; empty if it works.
        milliseconds: Of one run of the compiled graph; 0 if there is none.
        log: File with all that the process said; empty if none is kept.
        error: Largest difference from NumPy in float64, as a part of the largest number expected;
            0 if nothing was compared.
        seconds: Of the whole rung: start of its process, compilation, run and comparison.
    """

    device: str
    rung: str
    outcome: Outcome
    reason: str = ""
    milliseconds: float = 0.0
    log: str = ""
    error: float = 0.0
    seconds: float = 0.0

    @property
    def works(self) -> bool:
        """Whether a model may rely on it."""
        return self.outcome == "works"
