"""Address of a server, and whether it is ready there; asked without blocking."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from distilbert_sentiment_arch.serving.ports import reachable_at

TIMEOUT_S = 10.0
"""Most seconds of one request; the server itself gives its canary five."""


@dataclass(frozen=True)
class Address:
    """Where a server listens.

    Attributes:
        host: As its setting has it, ``0.0.0.0`` for example.
        port: Its port.
    """

    host: str
    port: int


async def is_ready(address: Address) -> bool:
    """Whether ``GET /ready`` is answered 200 within ``TIMEOUT_S``."""
    host = reachable_at(address.host)
    request = f"GET /ready HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, address.port)
            try:
                writer.write(request.encode())
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    return False
