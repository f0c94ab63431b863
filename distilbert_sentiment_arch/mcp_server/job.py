"""Process of one long call: ``python -m distilbert_sentiment_arch.mcp_server.job NAME``.

Reads its request from the first line of stdin, and ends when stdin does or at SIGTERM. Writes a
JSON object a line: ``progress``, ``total`` and ``message``, and at last ``result``, or ``error``
and ``of_input``, whether the request is to blame.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

from distilbert_sentiment_arch.errors import InputError, SentimentError
from distilbert_sentiment_arch.mcp_server.process_tree import kill_descendants

JobReport = Callable[[float, float | None, str], None]
"""Takes how far a job is, of how much, and a sentence; may be called from any thread."""

GRACE_S = 3.0
"""Seconds in which a job ends by itself after it was cancelled."""

_NAMES = ("benchmark", "doctor", "recommend")


def main(name: str) -> int:
    """Runs a job; returns the exit status."""
    if name not in _NAMES:
        raise ValueError(name)
    cancelled = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: cancelled.set())
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # Whatever prints, MAX and compilers among it, is no message of ours.
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, args=[cancelled], daemon=True).start()
    writing = threading.Lock()

    def write(message: Mapping[str, Any]) -> None:
        with writing, suppress(BrokenPipeError):
            lines.write(json.dumps(message) + "\n")
            lines.flush()

    def report(progress: float, total: float | None, message: str) -> None:
        write({"progress": progress, "total": total, "message": message})

    job = import_module(f"distilbert_sentiment_arch.mcp_server.jobs.{name}")
    try:
        write({"result": job.run(request, report, cancelled)})
    except SentimentError as error:
        write({"error": str(error), "of_input": isinstance(error, InputError)})
    except Exception:  # for the log of the server; the client is told that there is no result
        traceback.print_exc()
        return 1
    return 0


def _end_with_input(cancelled: threading.Event) -> None:
    """Waits for the server to end, or to cancel the job, and ends this process and its children."""
    waiting = threading.Thread(target=_read_to_end, daemon=True)
    waiting.start()
    while waiting.is_alive() and not cancelled.is_set():
        waiting.join(0.1)
    cancelled.set()
    threading.Event().wait(GRACE_S)
    kill_descendants(os.getpid())
    os.killpg(0, signal.SIGKILL)


def _read_to_end() -> None:
    # Not through sys.stdin, whose lock the end of the interpreter needs.
    with suppress(OSError):
        while os.read(0, 4096):
            pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
