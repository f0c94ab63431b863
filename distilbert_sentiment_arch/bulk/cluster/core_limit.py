"""How many cores of a machine this process computes with, where others compute there, too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from distilbert_sentiment_arch.engine.worker_process import cores_of


@contextmanager
def threads_for(processors: int) -> Iterator[None]:
    """Context in which what is started gets threads for so many logical processors.

    MAX starts a compute thread for each core that the process may use at that time, and Rust's
    tokenizers count likewise. Inside, the process may use so many processors only, whole cores
    first; afterwards all threads may use those of before again, so that Linux puts the threads of
    several such processes wherever cores are idle. Linux only; elsewhere nothing changes.

    Args:
        processors: At least one is used, and no more than there are.
    """
    if not hasattr(os, "sched_getaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    grouped = [processor for core in cores_of(before) for processor in sorted(core)]
    os.sched_setaffinity(0, grouped[: max(1, processors)])
    try:
        yield
    finally:
        for thread in Path("/proc/self/task").iterdir():
            with suppress(OSError):  # it may have ended
                os.sched_setaffinity(int(thread.name), before)
