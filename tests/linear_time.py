"""Check that computing time is linear in the size of the input."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

SMALL, LARGE = 2**17, 2**21
"""Bytes of the two inputs that are compared."""

SLACK = 5
"""Times the linear growth that is still accepted: the larger may leave the processor's caches,
which busy neighbours share."""

LEAST_S = 0.001
"""What takes less is taken to have taken this long: it is timed too coarsely."""


def check_linear(prepare: Callable[[int], Callable[[], object]]) -> None:
    """Fails if processor time grows faster than size, from 128 KiB to 2 MiB.

    Args:
        prepare: Returns the function to time, for an input of about the given number of bytes.

    Raises:
        AssertionError: The larger input, of 16 times the size, took more than 80 times as long, in
            three attempts. Quadratic growth is 256 times as long.
    """
    limit = SLACK * LARGE // SMALL
    attempts = []
    for _ in range(3):  # another process may use the caches while one of the two is timed
        small, large = (_processor_seconds(prepare(size)) for size in (SMALL, LARGE))
        if large < limit * max(small, LEAST_S):
            return
        attempts.append((small, large))
    raise AssertionError(
        f"{SMALL} and {LARGE} bytes took {attempts} s of processor time; "
        f"the larger may take {limit} times as long"
    )


def _processor_seconds(run: Callable[[], object]) -> float:
    # As in timeit: the garbage collector would also process the objects of the whole session.
    collecting = gc.isenabled()
    gc.disable()
    try:
        start = time.process_time()
        run()
        return time.process_time() - start
    finally:
        if collecting:
            gc.enable()
