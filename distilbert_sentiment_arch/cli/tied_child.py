"""Becomes a command that the kernel ends where the process that started it ends, by SIGKILL, too.

    python -m distilbert_sentiment_arch.cli.tied_child PARENT COMMAND ...

``PARENT`` is the id of the process that started it. On other systems than Linux it only becomes the
command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# linux/prctl.h
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Asks the kernel, and becomes the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel was asked
        sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
