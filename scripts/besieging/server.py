"""The server that a siege starts where it is not given one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.server_process import ServerNotReady, running


@dataclass(frozen=True)
class Besieged:
    """A running server.

    Attributes:
        port: Its port on 127.0.0.1.
        pid: Its process, the root of a tree.
        log: File of what it prints.
    """

    port: int
    pid: int
    log: Path


@contextmanager
def started(command: str) -> Iterator[Besieged]:
    """Starts ``max-sentiment serve`` or ``lexicon``, gives it once it is ready, and ends it."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            with running(Path(directory), command=command) as server:
                yield Besieged(server.port, server.process.pid, server.log)
        except ServerNotReady as error:
            raise SystemExit(str(error)) from None
