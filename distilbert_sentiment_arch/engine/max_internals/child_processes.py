"""Child processes of MAX Serve that end with it, also where it is killed.

MAX ends its model worker and its process for metrics when the API process ends in order. After a
``kill -9`` they would live on, with 700 MB and the port for Prometheus. Both are started by
``max.serve.process_control.run_subprocess``, which ``ProcessManager.start`` looks up in its module.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from max.serve import process_control

# linux/prctl.h
_PR_SET_PDEATHSIG = 1


def install() -> None:
    """Has the children that this process starts from now on end with it; once is enough."""
    own = process_control.run_subprocess
    if getattr(own, "__module__", None) == __name__:
        return

    async def run_subprocess(
        func: Callable[..., Any], name: str, daemon: bool, *args: Any, **kwargs: Any
    ) -> None:
        await own(run_tied, name, daemon, func, *args, **kwargs)

    process_control.run_subprocess = run_subprocess


def run_tied(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Runs what a child is for, in the child, tied to its parent."""
    end_with_parent()
    return func(*args, **kwargs)


def end_with_parent() -> None:
    """Ends this process once its parent has ended: one that ``multiprocessing`` spawned."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    if sys.platform == "linux":
        # By the kernel, so that work which holds Python's lock for seconds is ended, too. It looks
        # at the thread that started this process: MAX's main thread, which runs its event loop.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    def wait() -> None:
        # The pipe between the two closes: at once where the parent ended before it was asked for.
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="end with the parent", daemon=True).start()
