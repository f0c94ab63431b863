"""Limit on the files and connections that a process may have open."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class OpenFiles:
    """``ulimit -n``.

    Attributes:
        soft: What holds now.
        hard: What this user may raise it to.
    """

    soft: int
    hard: int


def read_open_files() -> OpenFiles:
    """Returns the limits of this process; no limit is a number beyond any use."""
    soft, hard = (
        2**62 if each == resource.RLIM_INFINITY else each
        for each in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    return OpenFiles(soft, hard)
