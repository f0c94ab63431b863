"""An HTTP/1.1 client of a server on this machine: connections kept alive, a request at a time each.

It does what a request takes and no more, so that the server has the processor.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import cast

import httptools

HOST = "127.0.0.1"

_OK = 200


class Client:
    """Requests to ``/classify``, with as many connections as are under way at a time.

    Args:
        port: Port of the server.
        requests: Texts of each request.
    """

    def __init__(self, port: int, requests: Sequence[Sequence[str]]) -> None:
        self._port = port
        self._messages = [(_message(port, texts), len(texts)) for texts in requests]
        self._idle: list[_Connection] = []

    async def send(self, number: int) -> int:
        """Sends the request of a number, and again the first one behind the last.

        Returns:
            The texts answered; 0 if the answer is not 200.

        Raises:
            OSError: The connection broke, or there is none.
        """
        message, texts = self._messages[number % len(self._messages)]
        connection = self._idle.pop() if self._idle else await self._connect()
        status = await connection.request(message)
        if connection.open:
            self._idle.append(connection)
        return texts if status == _OK else 0

    def close(self) -> None:
        """Closes the connections."""
        for each in self._idle:
            each.close()
        self._idle.clear()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, HOST, self._port)
        return connection


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.WriteTransport | None = None
        self._status: asyncio.Future[int] | None = None

    @property
    def open(self) -> bool:
        return self._transport is not None

    async def request(self, message: bytes) -> int:
        if self._transport is None:
            raise ConnectionError("the server closed the connection")
        self._status = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return await self._status

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._status is not None and not self._status.done():
            self._status.set_exception(
                exc if isinstance(exc, OSError) else ConnectionError("the connection broke")
            )

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    # Of the parser:

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.close()
        self._parser = httptools.HttpResponseParser(self)
        if self._status is not None and not self._status.done():
            self._status.set_result(status)


def _message(port: int, texts: Sequence[str]) -> bytes:
    body = json.dumps({"input": list(texts), "truncation": "end"}).encode()
    head = (
        "POST /classify HTTP/1.1\r\n"
        f"Host: {HOST}:{port}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
