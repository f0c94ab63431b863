"""What a server has of the supervisor that started it: a socket, and a port that others use."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

SUPERVISOR = "MAX_SENTIMENT_SUPERVISOR"
"""Environment variable in which the supervisor tells it."""

GO_ON = b"go on\n"
"""What the supervisor answers once the port is free."""


@dataclass(frozen=True)
class Supervised:
    """The connection of a server to its supervisor.

    A server sends one line over the socket once its model is loaded, ``{"host": ..., "port": ...}``
    in JSON, and opens its port when it has read ``GO_ON``, or the end of the socket.

    Attributes:
        supervisor: Id of the supervisor's process.
        socket: File descriptor of the server's end.
        port_is_used: A word list answers at the port until the model is loaded.
    """

    supervisor: int
    socket: int
    port_is_used: bool = False

    def as_variable(self) -> dict[str, str]:
        """Returns the environment variable that tells it to the server."""
        return {SUPERVISOR: json.dumps(asdict(self))}


def supervised(environment: Mapping[str, str] | None = None) -> Supervised | None:
    """Returns what the supervisor told; None where none started this process.

    Args:
        environment: Variables; None for those of this process.
    """
    environment = os.environ if environment is None else environment
    try:
        told = Supervised(**json.loads(environment[SUPERVISOR]))
    except (KeyError, ValueError, TypeError):
        return None
    # A grandchild inherits the variable, and has no such descriptor.
    return told if told.supervisor == os.getppid() else None
