"""Word to the supervisor that the model is loaded, before the server opens its port."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import suppress

from max.serve.config import Settings

from distilbert_sentiment_arch.settings.supervisor import SUPERVISOR, supervised


async def announce(settings: Settings) -> None:
    """Tells the supervisor where this server will answer, and waits for its leave.

    A word list that answers there in the meantime is ended by then. Does nothing where no
    supervisor has started this process.
    """
    told = supervised()
    os.environ.pop(SUPERVISOR, None)
    if told is None or settings.headless:
        return
    address = {"host": settings.host, "port": settings.port}
    loop = asyncio.get_running_loop()
    # A supervisor that is gone ends this process: see cli.tied_child.
    with suppress(OSError), socket.socket(fileno=told.socket) as connection:
        connection.setblocking(False)
        await loop.sock_sendall(connection, json.dumps(address).encode() + b"\n")
        await loop.sock_recv(connection, 64)
