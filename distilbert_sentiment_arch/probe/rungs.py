"""The rungs of the ladder: names, order, and how far from NumPy in float64 each may be.

An error is the largest difference from what NumPy computes in float64, as a part of the largest
number expected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.machine.accelerators import Accelerator
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER
from distilbert_sentiment_arch.settings.defaults import PACKAGE

MODULE = f"{PACKAGE.name}.engine.probing"
"""Runs a rung in a process of its own."""

OPENING = "open and copy"
"""The first rung: the device opens, and numbers come back from it as they were. Where it does not
open, no other rung is run."""

KERNELS = "kernels"
"""A small encoder in the Mojo kernels of this package."""

Dtype = Literal["float32", "bfloat16", "float16", "bfloat16x3", "int8"]

TOLERANCES: dict[Dtype, float] = {"float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}
"""Largest error of a single operation. Half the distance of two neighbours is 6e-8, 5e-4 and 4e-3
of a number; sums, and the numbers between the operations of attention, are rounded, too. The
matrix units' tf32, whose rounding is 5e-4, is not float32."""

KERNEL_TOLERANCES: dict[Dtype, float] = {
    "float32": 1e-5,
    "bfloat16x3": 1e-4,
    "bfloat16": 5e-2,
    "int8": 1e-1,
}
"""Largest error of the logits of the small encoder, by the precision of its linear layers."""

CLASSIFIER_TOLERANCE = 1e-4
"""Largest error of the logits of a whole classifier in float32. In bfloat16 it is held against the
bounds of the self-check: labels, and the mean difference of logits."""

_OPERATIONS = (
    "element-wise",
    "reduction",
    "transpose",
    "gather",
    "matmul",
    "layer norm",
    "softmax",
    "attention",
)


@dataclass(frozen=True)
class Rung:
    """A graph that is compiled, run and compared on a device.

    Attributes:
        graph: Which graph.
        dtype: What it is computed in.
        tolerance: The largest error with which it works.
        module: What runs it: ``python -m`` this, see ``rung_process``.
    """

    graph: str
    dtype: Dtype = "float32"
    tolerance: float = TOLERANCES["float32"]
    module: str = MODULE

    @property
    def name(self) -> str:
        """Its name in reports, for example ``matmul float32``."""
        return self.graph if self.graph == OPENING else f"{self.graph} {self.dtype}"


@dataclass(frozen=True)
class ProbedDevice:
    """A device that the ladder is climbed on.

    Attributes:
        name: ``cpu``, or ``gpu:0``.
        description: What it is, in words.
        accelerator: What MAX says of it; None for the CPU.
    """

    name: str
    description: str
    accelerator: Accelerator | None = None


RungsOf = Callable[[ProbedDevice], Sequence[Rung]]


def rungs_of(device: ProbedDevice) -> list[Rung]:
    """Returns the rungs of a device, the first ones first.

    On a CPU, MAX's own operations are run in float32, which is all that a model computes in there
    without the kernels of this package. On accelerators there are none of these kernels.
    """
    if device.accelerator is None:
        return [
            Rung(OPENING, tolerance=0.0),
            *_operations("float32"),
            *(Rung(KERNELS, dtype, bound) for dtype, bound in KERNEL_TOLERANCES.items()),
            Rung(CLASSIFIER, "float32", CLASSIFIER_TOLERANCE),
        ]
    return [
        Rung(OPENING, tolerance=0.0),
        *_operations("float32"),
        *_operations("bfloat16"),
        *_operations("float16"),
        Rung(CLASSIFIER, "bfloat16", TOLERANCES["bfloat16"]),
        Rung(CLASSIFIER, "float32", CLASSIFIER_TOLERANCE),
    ]


def only(names: str) -> RungsOf:
    """Returns ``rungs_of`` with the first rung and some others alone.

    Args:
        names: Names of rungs, or of graphs for their rungs in every dtype, commas between them.

    Raises:
        ConfigError: There is no such rung.
    """
    wanted = {name.strip() for name in names.split(",")}
    graphs = (OPENING, *_OPERATIONS, KERNELS, CLASSIFIER)
    known = {f"{graph} {dtype}" for graph in graphs for dtype in get_args(Dtype)}
    for name in sorted(wanted - known - set(graphs)):
        raise ConfigError(f"The ladder has no rung {name!r}: name any of {', '.join(graphs)}.")
    return lambda device: [
        each for each in rungs_of(device) if {each.graph, each.name} & {OPENING, *wanted}
    ]


def _operations(dtype: Dtype) -> list[Rung]:
    return [Rung(graph, dtype, TOLERANCES[dtype]) for graph in _OPERATIONS]
