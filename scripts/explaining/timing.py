"""Timing of a function over texts, the same for every explainer and server."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def nanoseconds_of(
    explain: Callable[[str], object], texts: Sequence[str], seconds: float, least: int
) -> list[int]:
    """Returns the time of each call, one after the other, after an untimed call.

    Args:
        explain: What is timed.
        texts: Its arguments, in turn and from the start again.
        seconds: Call it for that long.
        least: Call it so many times at least.
    """
    explain(texts[-1])
    found: list[int] = []
    deadline = time.perf_counter() + seconds
    while len(found) < least or time.perf_counter() < deadline:
        text = texts[len(found) % len(texts)]
        start = time.perf_counter_ns()
        explain(text)
        found.append(time.perf_counter_ns() - start)
    return found
