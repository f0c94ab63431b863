"""HTTP/1.1 over a connection: uvicorn's protocol with bounds on what a connection may take.

uvicorn reads a head of any size for any time, queues any number of pipelined requests, and closes a
connection whose client has sent all it has to send before the answer is there. It closes neither
what never finishes a request nor what was answered before its body had come.
"""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from distilbert_sentiment_arch.serving.dialects.openai_errors import OpenAIError
from distilbert_sentiment_arch.settings.limits import Limits

MAX_PIPELINED = 16
"""Most requests that wait on one connection for the answers to those before them."""

HEADER_OVERHEAD = 32
"""What each header counts besides its characters, as in HTTP/2 (RFC 9113, section 6.5.2)."""

BODY_GRACE_S = 5.0
"""How much longer than a body may take its connection is left to the answer that says so."""

PROBE_AFTER_S = 0.05
"""How long after its request a client that has ended its side is left alone; most have their answer
by then."""
FIRST_LOOK_S = 0.001
LOOK_EVERY_S = 0.02
LOOKS = 10

_PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
_TCP_CLOSE = 7
"""State of a connection that its peer has reset; linux/include/net/tcp_states.h."""

_MESSAGES = {
    400: "The request is not valid HTTP.",
    408: "The request did not arrive in time. Send it faster.",
    431: "The head of the request is too large. Send fewer or shorter headers.",
}


class TooManyPipelined(Exception):
    """A connection with more requests in line than are taken."""


class HeadTooLarge(Exception):
    """A request line and headers over the limit."""


@dataclass
class Connections:
    """The open connections of a server.

    Attributes:
        limits: What the operator bounds.
        idle: Those with no request in progress, the one idle for the longest first.
        count: How many are open.
    """

    limits: Limits
    idle: dict[BoundedProtocol, None] = field(default_factory=dict)
    count: int = 0


Phase = Literal["idle", "head", "body"]


class BoundedProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        connections: All of the server's.
        *args: As for uvicorn's protocol.
        **kwargs: As for uvicorn's protocol.
    """

    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all = connections
        self._limits = connections.limits
        self._phase: Phase = "head"
        self._message = 0
        self._armed: tuple[Phase, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._overhead = 0
        self._head_bytes = 0
        self._refusal = 400
        self._half_closed = False
        self._read_at = 0.0

    # Deadlines and sizes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes a connection, in place of the one idle for the longest where there are too many."""
        super().connection_made(transport)
        self._all.count += 1
        if self._all.count > self._limits.max_connections:
            longest = next(iter(self._all.idle), self)
            longest.transport.close()
        self._all.idle[self] = None
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._all.count -= 1
        self._all.idle.pop(self, None)
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, as far as the limits allow."""
        if self._phase == "idle":
            self._phase = "head"
        self._overhead += len(data)
        super().data_received(data)
        # A head without an end, or chunks that bring no byte of a body; 0 between requests.
        if self._overhead > self._limits.max_head_bytes:
            self._refuse(431)
        self._arm()

    def on_message_begin(self) -> None:
        """Begins a request."""
        self._message += 1
        self._phase = "head"
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Takes a part of the request line."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header, or a trailer."""
        self._count_head(len(name) + len(value) + HEADER_OVERHEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Has a request answered."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise TooManyPipelined
        self._all.idle.pop(self, None)
        super().on_headers_complete()  # which may find that the target is no URL
        self._phase = "body"

    def on_body(self, body: bytes) -> None:
        """Takes a part of a body."""
        self._overhead = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Ends a request's bytes."""
        self._phase = "idle"
        self._overhead = 0
        self._read_at = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Ends an answer."""
        super().on_response_complete()
        # The last one that was read, of which others may be in line before it.
        if self._phase == "idle" and self.cycle.response_complete:
            self._all.idle[self] = None
            if self._half_closed:
                self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP that is read here."""
        self._refuse(self._refusal)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._limits.max_head_bytes:
            self._refusal = 431
            raise HeadTooLarge

    def _refuse(self, status: int) -> None:
        if self.transport.is_closing():
            return
        answered = self._phase == "body" and self.cycle.response_started
        if not answered:
            error = OpenAIError(
                message=_MESSAGES[status], type="invalid_request_error", param=None, code=status
            )
            content = json.dumps({"error": error.model_dump()}).encode()
            head = (
                b"content-type: application/json\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n" % len(content)
            )
            self.transport.write(b"".join([STATUS_LINE[status], head, content]))
        self.transport.close()

    def _arm(self) -> None:
        """Sets the deadline of what is on its way, unless it is set already."""
        wanted = (self._phase, self._message)
        if self._armed == wanted:
            return
        self._disarm()
        if self._phase == "idle":
            return  # uvicorn's own, for a connection that is kept alive
        self._armed = wanted
        seconds = self._limits.head_timeout_s
        if self._phase == "body":
            seconds = self._limits.body_timeout_s + BODY_GRACE_S
        self._timer = self.loop.call_later(seconds, self._too_late)

    def _disarm(self) -> None:
        self._armed = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        if self._phase == "head" and self.cycle is not None and not self.cycle.response_complete:
            self._disarm()  # an earlier request on this connection waits for its answer
            self._arm()
        elif self._phase == "head" and not self._overhead:
            self.transport.close()
        else:
            self._refuse(408)

    # Clients that have sent all they have to send

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Leaves the connection open for the answers to complete requests.

        Whether the client has only ended its own side, or has gone, is known once something is
        sent to it: where it has gone, its system answers with a reset.

        Returns:
            True to keep the connection open, None to have it closed.
        """
        in_progress = self.cycle is not None and not self.cycle.response_complete
        if not in_progress or self._phase != "idle" or not hasattr(socket, "TCP_INFO"):
            return None
        self._half_closed = True
        self.loop.call_at(self._read_at + PROBE_AFTER_S, self._probe)
        return True

    def _probe(self) -> None:
        if self.transport.is_closing() or self.cycle.response_started or self.cycle.disconnected:
            return
        if self.scope["http_version"] == "1.1":  # earlier clients know no interim answers
            self.transport.write(_PROCESSING)
            self.loop.call_later(FIRST_LOOK_S, self._look_for_a_reset, LOOKS)

    def _look_for_a_reset(self, times: int) -> None:
        if self.transport.is_closing():
            return
        connection = self.transport.get_extra_info("socket")
        state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if state == _TCP_CLOSE:
            self.transport.abort()
        elif times > 1:
            self.loop.call_later(LOOK_EVERY_S, self._look_for_a_reset, times - 1)


def bounded_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """Returns what uvicorn takes as ``http``: a maker of the connections of one server."""
    maker: Any = partial(BoundedProtocol, Connections(limits))
    result: type[asyncio.Protocol] = maker
    return result
