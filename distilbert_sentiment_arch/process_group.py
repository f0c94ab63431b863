"""Process groups: a child that leads one, and whatever it has started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress


def signal_group(leader: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Sends a signal to a process and to those of its group that may outlive it.

    Args:
        leader: The process, which was started with a session or a group of its own.
        number: The signal.
    """
    # PermissionError: on macOS, of a group whose last process has ended.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
