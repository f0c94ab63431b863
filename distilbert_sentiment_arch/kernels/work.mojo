"""How work is shared between the cores."""

from max.algorithm import sync_parallelize
from std.sys import num_physical_cores

comptime ALONE = 500_000
"""Multiplications, about 10 microseconds of them, that one core does alone."""
comptime MANY = 40_000_000
"""Multiplications, about a millisecond of them, that are worth more shares than cores."""
comptime SHARES = 4
"""Shares a core, so that one that is held up leaves some of its own to the others."""


def shares(items: Int, cost: Int) -> Int:
    """Returns in how many shares to do some items.

    Args:
        items: Independent pieces of work.
        cost: Multiplications in all of them; few are not worth a hand-over of about 8 microseconds.
    """
    var cores = num_physical_cores()
    if cost < ALONE or cores == 1:
        return 1
    return min(items, cores if cost < MANY else cores * SHARES)
