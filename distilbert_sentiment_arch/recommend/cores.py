"""Logical processors that a server is limited to."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence

from distilbert_sentiment_arch.engine.worker_process import cores_of
from distilbert_sentiment_arch.errors import ConfigError


def usable_processors() -> int:
    """Returns how many logical processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_processors(processors: Collection[int]) -> None:
    """Limits this process, and what it starts from now on, to some of its logical processors."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, processors)


def chosen_processors(count: int) -> list[int]:
    """Returns so many of the logical processors that this process may use.

    Raises:
        ConfigError: It has fewer, or the system cannot limit it.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise ConfigError(
            f"--cores {count} is not possible on {sys.platform}: only Linux limits a process to "
            "some processors. Leave it out."
        )
    usable = os.sched_getaffinity(0)
    if not 0 < count <= len(usable):
        raise ConfigError(
            f"--cores is {count}, and this process may use {len(usable)} logical processors. Give "
            f"1 to {len(usable)}."
        )
    return first_processors(count, cores_of(usable))


def first_processors(count: int, cores: Iterable[Iterable[int]]) -> list[int]:
    """Returns the first processors, core by core, so that the threads of one stay together.

    Args:
        count: How many.
        cores: The processors of each core.
    """
    return [each for core in cores for each in sorted(core)][:count]


def counts_up_to(most: int) -> Sequence[int]:
    """Returns a number, and the powers of two below it, the highest first."""
    powers = {1 << power for power in range(most.bit_length())}
    return sorted({each for each in powers if each <= most} | {most}, reverse=True)
