"""Scheduling of the model worker: its priority, its cores and its timers."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from pathlib import Path

NICENESS = 5
"""Niceness of the model worker; the server's other processes have 0."""

TIMER_SLACK_NS = 50_000_000

COMPUTE_THREAD = "\N{FIRE} Thread"
"""Name of MAX's compute threads, one a core; a number follows it."""

# linux/prctl.h
_PR_SET_TIMERSLACK = 29
_PR_GET_TIMERSLACK = 30


def lower_priority() -> None:
    """Lets the server's other processes go first on a busy machine.

    They need little: to refuse what is too much, and to tokenize what is computed next. A thread
    of a lower priority keeps it, whatever the process may do.
    """
    for thread in Path("/proc/self/task").glob("*"):
        with suppress(OSError):
            number = int(thread.name)
            if os.getpriority(os.PRIO_PROCESS, number) < NICENESS:
                os.setpriority(os.PRIO_PROCESS, number, NICENESS)


def pin_compute_threads() -> bool:
    """Gives each of this process's compute threads a core of its own to stay on.

    The thread that waits for a pass spins on a core. Linux then puts two that compute on one core,
    for milliseconds, because none is idle when the second is woken. Where there are not as many
    cores as threads, nothing changes. Several servers on one machine start at different cores.

    Returns:
        Whether the threads have their cores.
    """
    threads = _compute_threads()
    cores = cores_of(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    if not threads or len(threads) != len(cores):
        return False
    try:
        for index, thread in enumerate(threads):
            os.sched_setaffinity(thread, cores[(index + os.getpid()) % len(cores)])
    except OSError:  # an operator's sandbox forbids it
        return False
    return True


def _compute_threads() -> list[int]:
    found = []
    for thread in sorted(Path("/proc/self/task").glob("*"), key=lambda each: int(each.name)):
        with suppress(OSError):  # it may end meanwhile
            if (thread / "comm").read_text().startswith(COMPUTE_THREAD):
                found.append(int(thread.name))
    return found


def cores_of(allowed: Set[int]) -> list[frozenset[int]]:
    """Returns the logical processors of each core, out of those that are allowed; Linux only."""
    cores: dict[frozenset[int], None] = {}
    for processor in sorted(allowed):
        topology = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
        try:
            siblings = _processors(topology.read_text())
        except OSError:
            siblings = {processor}
        cores[frozenset(siblings & allowed)] = None
    return list(cores)


def _processors(text: str) -> set[int]:
    """Returns what a list of Linux's names: ``0,64`` or ``0-1``."""
    ranges = (part.partition("-") for part in text.strip().split(","))
    return {n for first, _, last in ranges for n in range(int(first), int(last or first) + 1)}


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
