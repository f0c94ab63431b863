"""A server of this project for tests, with an HTTP client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from scripts.server_process import (
    START_TIMEOUT_S,
    ServerNotReady,
    ServerProcess,
    started,
    wait_until_ready,
)

__all__ = ["START_TIMEOUT_S", "Server", "model_worker", "running_server", "starting_server"]


@dataclass(frozen=True)
class Server(ServerProcess):
    """A server and a client whose paths are relative to the server's address."""

    client: httpx.Client


def model_worker(server: Server) -> psutil.Process:
    """Returns the child process with the model: the one with the most memory."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    return max(children, key=lambda child: child.memory_info().rss)


@contextmanager
def running_server(directory: Path, *flags: str | Path, **options: Any) -> Iterator[Server]:
    """Starts a server as ``starting_server`` does, and waits until it is ready."""
    with starting_server(directory, *flags, **options) as server:
        try:
            wait_until_ready(server)
        except ServerNotReady as error:
            pytest.fail(str(error))
        yield server


@contextmanager
def starting_server(directory: Path, *flags: str | Path, **options: Any) -> Iterator[Server]:
    """Starts a server, see ``scripts.server_process.started``."""
    with (
        started(directory, *flags, **options) as process,
        httpx.Client(base_url=process.url, timeout=60, trust_env=False) as client,
    ):
        yield Server(**vars(process), client=client)
