"""Work shared between the cores."""

from max.algorithm import sync_parallelize
from std.atomic import Atomic
from std.sys import num_physical_cores
from std.time import sleep

comptime SINGLE_CORE_COST = 500_000
"""Multiplications below which one core does all of a work, about 10 microseconds of them: waking
another core takes about as long."""
comptime SPIN_LIMIT = 100_000
"""Reads of an unfinished phase's counter before a core sleeps between them, about 500 microseconds:
longer than a piece of work takes. A piece that is not done by then is held by a core that runs
another process, which may need this core as well."""


struct Phase(Movable):
    """Independent pieces of a work; each is computed once, by the first core that is free.

    Several phases may follow each other on the same cores, without a core going to sleep in between.
    A core that comes late is not waited for: the others take its pieces.

    Args:
        items: Number of pieces.
    """

    var items: Int
    var _taken: Atomic[Int64]
    var _done: Atomic[Int64]

    def __init__(out self, items: Int):
        self.items = items
        self._taken = Atomic[Int64](0)
        self._done = Atomic[Int64](0)

    def run[Body: def(Int) -> None](mut self, body: Body):
        """Computes pieces until all are taken, then waits until all are done."""
        self.run(self.items, body)

    def run[Body: def(Int) -> None](mut self, items: Int, body: Body):
        """Does the same for a number of pieces that was not known before."""
        var item = Int(self._taken.fetch_add(1))
        while item < items:
            body(item)
            _ = self._done.fetch_add(1)
            item = Int(self._taken.fetch_add(1))
        var spins = 0
        while Int(self._done.load()) < items:
            spins += 1
            if spins > SPIN_LIMIT:
                sleep(0.0001)


struct Phases(Movable):
    """Phases that follow each other, by their numbers."""

    var phases: List[Phase]

    def __init__(out self, count: Int):
        self.phases = List[Phase](capacity=count)
        for _ in range(count):
            self.phases.append(Phase(0))

    def run[Body: def(Int) -> None](mut self, index: Int, items: Int, body: Body):
        """Computes pieces of one phase until all are taken, then waits until all are done.

        Args:
            index: Which phase: each core runs them all, in this order.
            items: Number of pieces, the same on each core.
            body: Computes one.
        """
        self.phases[index].run(items, body)


def on_cores[Work: def(Int) -> None](work: Work, cost: Int):
    """Runs a work on one core or on all of them, by its cost.

    Args:
        work: Called once on each core, with the core's index.
        cost: Multiplications in all of it.
    """
    var cores = 1 if cost < SINGLE_CORE_COST else num_physical_cores()
    if cores == 1:
        work(0)
    else:
        sync_parallelize(work, cores)


def spread(item: Int, items: Int) -> Int:
    """Returns which piece to compute as the n-th one, so that cores which take turns stay far apart.

    Where the pieces are neighbouring columns, a row's neighbouring cache lines, written by two cores
    at once, would travel between them.

    Args:
        item: The number n, from 0 on.
        items: Number of pieces.
    """
    var cores = num_physical_cores()
    var share = items // cores
    return item if item >= share * cores else item % cores * share + item // cores
