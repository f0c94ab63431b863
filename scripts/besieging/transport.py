"""Connections of a campaign, and the deliveries of requests over them."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from scripts.besieging.answers import Answer, Head, NotHTTP, parse_head
from scripts.besieging.request import Delivery, Request

_LINGER_ZERO = struct.pack("ii", 1, 0)
"""Value of SO_LINGER with which a close sends a reset."""
_UNFINISHED_PAUSE_S = 0.1
"""Seconds between an unfinished request and the closing of the sending side."""
_PIECES = 30
"""Maximum pieces of a trickled request."""


class Ended(Exception):
    """The server closed the connection, before or within a response.

    Attributes:
        partial: The received part of the response.
        reset: The connection was closed by a reset or an error.
    """

    def __init__(self, partial: bytes, reset: bool) -> None:
        super().__init__(f"closed after {len(partial)} bytes of an answer: {partial[:100]!r}")
        self.partial = partial
        self.reset = reset


@dataclass
class Exchange:
    """Result of a request.

    Attributes:
        answers: The responses, in order; malformed requests may have none or several.
        ended: The closing of the connection, if the server closed it.
        timed_out_s: The timeout in seconds, if there was neither response nor closing within it.
        not_http: Description of an invalid response.
        sent: Time (monotonic clock) at which its last byte was sent or, in a pipeline, the response
            to the request before it was complete.
        finished: Time at which the exchange ended.
    """

    answers: list[Answer] = field(default_factory=list)
    ended: Ended | None = None
    timed_out_s: float | None = None
    not_http: str | None = None
    sent: float = 0.0
    finished: float = 0.0


class Connection(asyncio.Protocol):
    """TCP connection of a client, with a parser of responses."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._waiting: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.ended = False
        self._reset = False

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Opens a connection."""
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(cls, host, port))[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._transport = cast(asyncio.Transport, transport)
        self._socket: Any = transport.get_extra_info("socket")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._received += data
        self._wake()

    def eof_received(self) -> None:
        """See ``asyncio.Protocol``."""
        self.ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self.ended = True
        self._reset = error is not None
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        self._writable.set()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def send(self, content: bytes) -> None:
        """Sends bytes unless the connection is closed; waits while buffers are full."""
        if not self.ended and content:
            self._transport.write(content)
            await self._writable.wait()

    def finish_sending(self) -> None:
        """Closes the sending side; the connection can still be read."""
        if not self.ended:
            self._transport.write_eof()

    def reset(self) -> None:
        """Resets the connection (RST)."""
        if not self.ended:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()

    def close(self) -> None:
        """Closes the connection at once; unsent bytes are dropped."""
        self.ended = True
        self._transport.abort()

    async def wait_for_data(self, seconds: float) -> None:
        """Waits until there are received bytes, at most for ``seconds``."""
        if not self._received and not self.ended:
            try:
                async with asyncio.timeout(seconds):
                    await self._more()
            except TimeoutError:
                pass

    async def read_answer(self, method: str, *, interim: bool = False) -> Answer:
        """Reads the next response; skips interim responses (1xx) unless ``interim`` is true.

        Raises:
            Ended: The server closed the connection before the end of the response.
            NotHTTP: The received bytes are not an HTTP response.
        """
        while True:
            head = await self._read_head()
            if head.status >= 200 or interim:
                break
        length = head.length(method)
        if length is not None:
            return Answer(head, await self._exactly(length))
        pieces = []
        while size := int((await self._line())[:-2].partition(b";")[0], 16):
            pieces.append((await self._exactly(size + 2))[:-2])
        await self._line()
        return Answer(head, b"".join(pieces))

    async def _read_head(self) -> Head:
        while (end := self._received.find(b"\r\n\r\n")) < 0:
            await self._more()
        return parse_head(self._taken(end + 4))

    async def _line(self) -> bytes:
        while (end := self._received.find(b"\r\n")) < 0:
            await self._more()
        return self._taken(end + 2)

    async def _exactly(self, length: int) -> bytes:
        while len(self._received) < length:
            await self._more()
        return self._taken(length)

    def _taken(self, length: int) -> bytes:
        taken = bytes(self._received[:length])
        del self._received[:length]
        return taken

    async def _more(self) -> None:
        if self.ended:
            raise Ended(bytes(self._received), self._reset)
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting


async def exchange(connection: Connection, request: Request, timeout_s: float) -> Exchange:
    """Sends one request with its delivery, and returns the result within a timeout in seconds."""
    found = Exchange(sent=time.monotonic())
    try:
        async with asyncio.timeout(timeout_s):
            await _deliver(connection, request)
            # Set again, because the client's own pauses do not count as response time.
            found.sent = time.monotonic()
            if request.delivery in (Delivery.RESET, Delivery.RESET_LATER):
                return found
            if request.delivery is Delivery.UNFINISHED:
                await connection.wait_for_data(_UNFINISHED_PAUSE_S)
                connection.finish_sending()
                found.sent = time.monotonic()
                while True:
                    found.answers.append(await connection.read_answer(request.method))
            found.answers.append(await connection.read_answer(request.method))
    except TimeoutError:
        found.timed_out_s = timeout_s
    except Ended as ended:
        found.ended = ended
    except (NotHTTP, ValueError) as error:
        found.not_http = str(error)
    finally:
        found.finished = time.monotonic()
    return found


async def pipeline(
    connection: Connection, requests: Sequence[Request], timeout_s: float
) -> list[Exchange]:
    """Sends requests as a pipeline and returns their results, up to the first without response."""
    found = []
    await connection.send(b"".join(request.content for request in requests))
    finished = time.monotonic()
    for request in requests:
        each = Exchange(sent=finished)
        found.append(each)
        try:
            async with asyncio.timeout(timeout_s):
                each.answers.append(await connection.read_answer(request.method))
        except TimeoutError:
            each.timed_out_s = timeout_s
        except Ended as ended:
            each.ended = ended
        except (NotHTTP, ValueError) as error:
            each.not_http = str(error)
        finished = each.finished = time.monotonic()
        if not each.answers:
            break
    return found


async def _deliver(connection: Connection, request: Request) -> None:
    content = request.content
    match request.delivery:
        case Delivery.BYTEWISE:
            for place in range(len(content)):
                await connection.send(content[place : place + 1])
                await asyncio.sleep(0)
        case Delivery.TRICKLED:
            size = len(content) // _PIECES + 1
            for place in range(0, len(content), size):
                await connection.send(content[place : place + size])
                await asyncio.sleep(0.02)
        case Delivery.CONTINUED:
            await connection.send(request.head)
            await connection.wait_for_data(1)
            await connection.send(request.body)
        case Delivery.RESET:
            await connection.send(content)
            connection.reset()
        case Delivery.RESET_LATER:
            await connection.send(content)
            await asyncio.sleep(0.001 * (request.number % 20))
            connection.reset()
        case _:
            await connection.send(content)
            if request.delivery is Delivery.HALF_CLOSED:
                connection.finish_sending()
