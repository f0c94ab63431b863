"""What the model worker asks of the operating system's scheduler."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NICENESS = 5
"""Of the model worker, where a server's other processes have 0."""

TIMER_SLACK_NS = 50_000_000

# linux/prctl.h
_PR_SET_TIMERSLACK = 29
_PR_GET_TIMERSLACK = 30


def step_back() -> None:
    """Lets the server's other processes go first on a busy machine.

    They need little: to refuse what is too much, and to tokenize what is computed next.
    """
    for thread in Path("/proc/self/task").glob("*"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, int(thread.name), NICENESS)


@contextmanager
def coarse_timers() -> Iterator[None]:
    """Threads that are started inside sleep up to ``TIMER_SLACK_NS`` longer than they ask to.

    Linux only; elsewhere nothing changes. See prctl(2), PR_SET_TIMERSLACK.
    """
    if sys.platform != "linux":
        yield
        return
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    before = prctl(_PR_GET_TIMERSLACK, 0, 0, 0, 0)
    prctl(_PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_TIMERSLACK, before, 0, 0, 0)
