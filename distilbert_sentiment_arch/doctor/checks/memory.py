"""Memory: what the machine has, what limits leave of it, and what a server takes.

The figures are those of docs/performance.md, measured by ``scripts/measure.py --cold`` for the
embedded model and by ``scripts/families --memory`` for larger ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding, Level
from distilbert_sentiment_arch.machine.memory import Memory, read_memory

AREA = "memory"

SERVING = 0.9e9
COMPILING = 1.8e9
"""Bytes that the server of the embedded model takes, and takes at the peak of compiling."""

EMBEDDED_FLOAT32 = 91e6
"""Bytes of the embedded model's tensors in float32."""

BESIDE_WEIGHTS = 0.75e9
"""Bytes that a server takes beside the weights, tables included, in the layout of the kernels."""

_SERVING_GROWTH, _COMPILING_GROWTH = 2.3, 2.0
"""Bytes more for each byte of float32 tensors more. While it serves: where MAX's own operations
compute, or the layout of the kernels is not known."""


@dataclass(frozen=True)
class Needs:
    """What a server takes of memory, in bytes.

    Attributes:
        serving: While it answers.
        compiling: At the peak of a start that compiles.
        known: Measured, not estimated.
    """

    serving: float
    compiling: float
    known: bool

    def __str__(self) -> str:
        serving, compiling = _gigabytes(self.serving), _gigabytes(self.compiling)
        return f"{'' if self.known else 'about '}{serving} to serve, {compiling} to compile"


def needs_of(examined: Examined) -> Needs:
    """Returns what a server of the model takes."""
    model = examined.answers.model
    if examined.is_embedded or model is None or not model.float32_bytes:
        return Needs(SERVING, COMPILING, known=examined.is_embedded)
    more = max(0.0, model.float32_bytes - EMBEDDED_FLOAT32)
    weights = examined.answers.max.warmth.get("weights_bytes", 0)
    serving = BESIDE_WEIGHTS + weights if weights else SERVING + _SERVING_GROWTH * more
    compiling = max(serving, COMPILING + _COMPILING_GROWTH * more)
    return Needs(serving, compiling, known=False)


def check_memory(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    memory, needs = read_memory(), needs_of(examined)
    return [
        _limit(memory, needs, compiled=bool(examined.answers.max.warmth.get("compiled"))),
        *_available(memory, needs),
        *_address_space(memory, examined),
    ]


def _limit(memory: Memory, needs: Needs, *, compiled: bool) -> Finding:
    of = "physical" if memory.cgroup is None else "limit of the cgroup"
    found = f"{_gigabytes(memory.limit)} ({of})"
    more = (
        f"Give it more: at least {_gigabytes(needs.compiling)} for starts that compile"
        if memory.cgroup is None
        else f"Raise the limit of the cgroup (of the pod or container) to "
        f"{_gigabytes(needs.compiling)} or more"
    )
    unknown: Level = "unfit" if needs.known else "warning"
    if memory.limit < needs.serving:
        level = unknown if memory.limit >= SERVING else "unfit"
        return Finding(
            AREA,
            "memory.limit",
            found,
            f"too little: the server takes {needs}, and Linux kills it",
            f"{more}.",
            level,
        )
    if memory.limit >= needs.compiling:
        return Finding(AREA, "memory.limit", found, f"enough: {needs}")
    if compiled:
        return Finding(
            AREA,
            "memory.limit",
            found,
            f"enough for a start that finds its graph compiled, as the next one does: {needs}",
            f"{more}; or compile where there is more, and keep the cache.",
            "warning",
        )
    return Finding(
        AREA,
        "memory.limit",
        found,
        f"too little to compile, which the next start does: {needs}",
        f"{more}; or compile where there is more, and bring the cache here.",
        unknown,
    )


def _available(memory: Memory, needs: Needs) -> list[Finding]:
    if memory.available is None:
        return []
    found = _gigabytes(memory.available)
    if memory.available >= needs.serving:
        return [Finding(AREA, "memory.available", found, "free now, or can be made so")]
    return [
        Finding(
            AREA,
            "memory.available",
            found,
            f"other processes hold the rest now; the server takes {needs}",
            "Stop what is not needed, or start the server elsewhere.",
            "warning",
        )
    ]


def _address_space(memory: Memory, examined: Examined) -> list[Finding]:
    if memory.address_space is None:
        return []
    found = f"{_gigabytes(memory.address_space)} (ulimit -v)"
    imported = examined.answers.max.imported_s is not None
    return [
        Finding(
            AREA,
            "memory.address_space",
            found,
            "MAX reserves far more addresses than it uses memory"
            + ("" if imported else ", and could not be imported"),
            "Remove the limit (ulimit -v unlimited); a memory cgroup limits what is used.",
            "warning" if imported else "unfit",
        )
    ]


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
