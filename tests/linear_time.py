"""What is linear in the size of its input, measured by doubling."""

from __future__ import annotations

import time
from collections.abc import Callable

SIZES = tuple(int(mib * 2**20) for mib in (0.5, 1, 2, 4, 8))


def check_linear(prepare: Callable[[int], Callable[[], object]]) -> None:
    """Fails if time grows faster than size, from 0.5 to 8 MiB.

    Args:
        prepare: Returns what is timed, for an input of about so many bytes.
    """
    for _ in range(3):  # a busy neighbour may have been there for one of the sizes
        times = []
        for size in SIZES:
            run = prepare(size)
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        # Sixteen times the size; quadratic were 256 times. What is refused early takes nothing.
        if times[-1] < 64 * max(times[0], 0.004):
            return
    raise AssertionError(f"inputs of {SIZES} bytes took {times} s")
