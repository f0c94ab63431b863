"""Memory of a process and its descendants.

Memory is counted as proportional set size (PSS): a page that several processes share counts once
for all of them. Linux only.
"""

from __future__ import annotations

import threading
from contextlib import suppress

import psutil


def process_tree(pid: int) -> list[psutil.Process]:
    """Returns a process and its descendants.

    Raises:
        psutil.NoSuchProcess: The process has ended.
    """
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def memory_of(pid: int) -> int:
    """Returns the memory of a process and its descendants in bytes; shared pages count once.

    Reading memory maps briefly stops a process: do not time anything at the same time.

    Raises:
        psutil.NoSuchProcess: The process has ended.
    """
    found = 0
    for process in process_tree(pid):
        # The process may have ended, or may run as another user.
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            found += process.memory_full_info().pss
    return found


class PeakMemory:
    """Context that measures the peak memory of a process tree.

    Args:
        pid: Root of the tree.
        interval_s: Seconds between two readings.

    Attributes:
        bytes: Largest reading so far.
    """

    def __init__(self, pid: int, interval_s: float = 0.05) -> None:
        self.bytes = 0
        self._pid = pid
        self._interval_s = interval_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        with suppress(psutil.NoSuchProcess):  # the process has ended, and so does this thread
            while True:
                self.bytes = max(self.bytes, memory_of(self._pid))
                if self._stopped.wait(self._interval_s):
                    return
