"""The time of a pass on any number of cores, from its times on one and on two.

A pass is work that the cores share, in phases of pieces, and the rest, which one core does: MAX's
call, the graph around the blocks, the head. On N cores a phase takes as long as the core with the
most pieces; each operation adds the time to wake the cores, each phase that in which they wait for
each other, each piece the time to take it. Those three are measured (``costs.py``); how a pass
divides into work and rest follows from the two measured times.

What the model leaves out is in ``docs/scaling.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from scripts.scaling.structure import PassShape, Phase


@dataclass(frozen=True)
class Costs:
    """What sharing work costs, in nanoseconds, measured with ``cores`` cores.

    Attributes:
        cores: Cores that were measured with; two.
        wake: An empty work on all of them.
        task: Handing over one more task.
        phase: A phase in which each core has one piece, beyond that piece.
        piece: Taking one more piece.
    """

    cores: int
    wake: float
    task: float
    phase: float
    piece: float

    def of_operation(self, phases: Sequence[Phase], cores: int) -> float:
        """Returns what an operation adds to the work of its phases, in milliseconds.

        A core more is a task more at the wake, and moves a phase's counters once more.
        """
        if cores == 1:
            return 0.0
        wake = self.wake + (cores - self.cores) * self.task
        phase = self.phase * cores / self.cores
        pieces = sum(ceil(each.pieces / cores) - 1 for each in phases)
        return (wake + len(phases) * phase + pieces * self.piece) / 1e6


@dataclass(frozen=True)
class PassModel:
    """Time of a pass of one shape by the number of cores.

    Attributes:
        shape: What the cores share.
        costs: What sharing work costs.
        work_ms: What the cores share, as one core does it.
        rest_ms: What one core does alone.
    """

    shape: PassShape
    costs: Costs
    work_ms: float
    rest_ms: float

    @classmethod
    def fitted(cls, shape: PassShape, costs: Costs, one_ms: float, two_ms: float) -> PassModel:
        """Returns the model with the given times on one core and on two.

        Where two cores take more or less than any division into work and rest explains, all is
        work, or all is rest.
        """
        whole = cls(shape, costs, one_ms, 0.0)
        saved = 1 - whole._longest_share(2)
        work = (one_ms - two_ms + whole._added_ms(2)) / saved if saved else 0.0
        work = min(one_ms, max(0.0, work))
        return cls(shape, costs, work, one_ms - work)

    def ms(self, cores: int) -> float:
        """Returns the milliseconds of a pass."""
        return self.rest_ms + self.work_ms * self._longest_share(cores) + self._added_ms(cores)

    def efficiency(self, cores: int) -> float:
        """Returns the speed of a core of several, beside that of one alone, 0 to 1."""
        return self.ms(1) / (cores * self.ms(cores))

    def _added_ms(self, cores: int) -> float:
        return sum(self.costs.of_operation(each, cores) for each in self.shape.operations(cores))

    def _longest_share(self, cores: int) -> float:
        """Returns the share of all work that the core with the most pieces of each phase does."""
        phases = [phase for operation in self.shape.operations(cores) for phase in operation]
        longest = sum(each.work * ceil(each.pieces / cores) / each.pieces for each in phases)
        return longest / sum(each.work for each in phases)


@dataclass(frozen=True)
class ServerModel:
    """Texts per second of a server under many callers, by its number of cores.

    The API process has one thread for requests. What it takes for a text bounds a server, however
    many cores the model worker has.

    Attributes:
        api_ms: CPU milliseconds of the API process, and of the process for metrics, for a text.
        batch: Texts in a pass under this load.
        model: Time of such a pass.
    """

    api_ms: float
    batch: int
    model: PassModel

    def texts_per_second(self, cores: int) -> float:
        """Returns what a server with so many cores answers a second.

        The API process shares the cores with the worker, which has the rest of them: what both take
        for a text fits into the cores, and the API process into one of them.
        """
        worker_ms = cores * self.model.ms(cores) / self.batch
        return 1000 / max(self.api_ms, (self.api_ms + worker_ms) / cores)

    def api_bound_from(self, most: int = 1024) -> int | None:
        """Returns the least cores with which the API process is the bound; None beyond ``most``."""
        bound = 1000 / self.api_ms
        return next((n for n in range(1, most + 1) if self.texts_per_second(n) >= bound), None)
