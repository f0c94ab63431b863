"""Server under siege, started for it unless a running one is given."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.server_process import ServerNotReady, running


@dataclass(frozen=True)
class TargetServer:
    """A running server.

    Attributes:
        port: Its port on 127.0.0.1.
        pid: Id of its process, the root of a process tree.
        log: File of its output.
    """

    port: int
    pid: int
    log: Path


@contextmanager
def started(command: str) -> Iterator[TargetServer]:
    """Starts ``max-sentiment serve`` or ``lexicon``, yields it when it is ready, and ends it."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            with running(Path(directory), command=command) as server:
                yield TargetServer(server.port, server.process.pid, server.log)
        except ServerNotReady as error:
            raise SystemExit(str(error)) from None
