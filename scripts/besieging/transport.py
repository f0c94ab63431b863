"""Connections of the campaign, and every way of sending a request over one."""

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

_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER for a close that is a reset."""
_MOMENT_S = 0.1
_PIECES = 30


class Ended(Exception):
    """The server closed the connection, before an answer or within one.

    Attributes:
        within: What had come of the answer.
        reset: It was torn down.
    """

    def __init__(self, within: bytes, reset: bool) -> None:
        super().__init__(f"closed after {len(within)} bytes of an answer: {within[:100]!r}")
        self.within = within
        self.reset = reset


@dataclass
class Exchange:
    """What came of a request.

    Attributes:
        answers: The answers, in order; malformed requests may have none or several.
        ended: How the server closed the connection, if it did.
        hung: Seconds after which there was still neither answer nor end.
        not_http: What was wrong with an answer that was none.
        sent: When its last byte was sent, or the server was done with the one before it, by the
            monotonic clock.
        finished: When its answer was complete, or there was to be none.
    """

    answers: list[Answer] = field(default_factory=list)
    ended: Ended | None = None
    hung: float | None = None
    not_http: str | None = None
    sent: float = 0.0
    finished: float = 0.0


class Connection(asyncio.Protocol):
    """A TCP connection that is read answer by answer."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._waiting: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.ended = False
        self._reset = False

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Connects."""
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
        """Sends; what the server does not want to read is not sent."""
        if not self.ended and content:
            self._transport.write(content)
            await self._writable.wait()

    def finish_sending(self) -> None:
        """Closes this side, and reads on."""
        if not self.ended:
            self._transport.write_eof()

    def reset(self) -> None:
        """Tears the connection down with RST."""
        if not self.ended:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

    def close(self) -> None:
        """Closes at once, whatever is still to be sent."""
        self.ended = True
        self._transport.abort()

    async def wait_for_data(self, seconds: float) -> None:
        """Waits until something came, or for so long."""
        if not self._received and not self.ended:
            try:
                async with asyncio.timeout(seconds):
                    await self._more()
            except TimeoutError:
                pass

    async def read_answer(self, method: str, *, interim: bool = False) -> Answer:
        """Reads the next answer, and passes over interim ones unless they are asked for.

        Raises:
            Ended: The server closed before its end.
            NotHTTP: What came is no answer.
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


async def exchange(connection: Connection, request: Request, within: float) -> Exchange:
    """Sends one request in its way and returns what came of it."""
    found = Exchange(sent=time.monotonic())
    try:
        async with asyncio.timeout(within):
            await _deliver(connection, request)
            # Pauses between its pieces are the sender's.
            found.sent = time.monotonic()
            if request.delivery in (Delivery.RESET, Delivery.LEFT):
                return found
            if request.delivery is Delivery.UNFINISHED:
                await connection.wait_for_data(_MOMENT_S)
                connection.finish_sending()
                found.sent = time.monotonic()
                while True:
                    found.answers.append(await connection.read_answer(request.method))
            found.answers.append(await connection.read_answer(request.method))
    except TimeoutError:
        found.hung = within
    except Ended as ended:
        found.ended = ended
    except (NotHTTP, ValueError) as error:
        found.not_http = str(error)
    finally:
        found.finished = time.monotonic()
    return found


async def pipeline(
    connection: Connection, requests: Sequence[Request], within: float
) -> list[Exchange]:
    """Sends requests at once and returns what came of each; of the last ones nothing, perhaps."""
    found = []
    await connection.send(b"".join(request.content for request in requests))
    finished = time.monotonic()
    for request in requests:
        each = Exchange(sent=finished)
        found.append(each)
        try:
            async with asyncio.timeout(within):
                each.answers.append(await connection.read_answer(request.method))
        except TimeoutError:
            each.hung = within
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
        case Delivery.LEFT:
            await connection.send(content)
            await asyncio.sleep(0.001 * (request.number % 20))
            connection.reset()
        case _:
            await connection.send(content)
            if request.delivery is Delivery.HALF_CLOSED:
                connection.finish_sending()
