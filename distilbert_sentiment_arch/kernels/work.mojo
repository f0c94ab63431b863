"""How work is shared between the cores."""

from max.algorithm import sync_parallelize
from std.atomic import Atomic
from std.sys import num_physical_cores
from std.time import sleep

comptime ALONE = 500_000
"""Multiplications, about 10 microseconds of them, that one core does alone: waking another takes
about as long."""
comptime SPINS = 100_000
"""Looks at an unfinished phase, about 500 microseconds of them: longer than a piece of work takes.
Whoever is not done by then has lost its core to another process, which may have this one as well.
"""


struct Phase(Movable):
    """Pieces of a work that do not depend on each other, each taken once by whoever is free.

    Phases may follow each other without anybody going to sleep in between. Nobody waits for a core
    that has not come: whoever is there does all that is left.

    Args:
        items: Pieces.
    """

    var items: Int
    var _taken: Atomic[Int64]
    var _done: Atomic[Int64]

    def __init__(out self, items: Int):
        self.items = items
        self._taken = Atomic[Int64](0)
        self._done = Atomic[Int64](0)

    def run[Body: def(Int) -> None](mut self, body: Body):
        """Does pieces until none is left, and waits for those that others have taken."""
        var item = Int(self._taken.fetch_add(1))
        while item < self.items:
            body(item)
            _ = self._done.fetch_add(1)
            item = Int(self._taken.fetch_add(1))
        var spins = 0
        while Int(self._done.load()) < self.items:
            spins += 1
            if spins > SPINS:
                sleep(0.0001)


def on_cores[Work: def(Int) -> None](work: Work, cost: Int):
    """Has as many cores do a work as it is worth.

    Args:
        work: What each of them does.
        cost: Multiplications in all of it.
    """
    var cores = 1 if cost < ALONE else num_physical_cores()
    if cores == 1:
        work(0)
    else:
        sync_parallelize(work, cores)
