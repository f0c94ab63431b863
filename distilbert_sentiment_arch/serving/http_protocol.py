"""HTTP/1.1 protocol of a connection: uvicorn's, with limits on sizes, times and connections.

uvicorn accepts heads of any size, waits for them without a timeout, and queues any number of
pipelined requests. It closes a connection at once if its client closes its sending side before the
response, but does not close connections that never complete a request, or whose response was sent
before the request's body had arrived.
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
"""Maximum requests of one connection that wait for the responses to earlier ones."""

HEADER_OVERHEAD = 32
"""Bytes that each header counts in addition to its characters, as in HTTP/2 (RFC 9113, section
6.5.2)."""

BODY_GRACE_S = 5.0
"""Grace period after the timeout of a body: seconds until the connection is closed, in which the
response 408 is sent."""

HALF_CLOSED_PROBE_DELAY_S = 0.05
"""Seconds from a request to the probe of its connection, if the client has closed its sending side.
Most requests are answered earlier."""

RESET_CHECK_DELAY_S = 0.001
"""Seconds from the probe to the first check for a reset."""
RESET_CHECK_INTERVAL_S = 0.02
"""Seconds between further checks."""
RESET_CHECKS = 10
"""Number of checks."""

_PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
_TCP_CLOSE = 7
"""TCP state of a connection that its peer has reset; linux/include/net/tcp_states.h."""

_MESSAGES = {
    400: "The request is not valid HTTP.",
    408: "The request did not arrive in time. Send it faster.",
    431: "The head of the request is too large. Send fewer or shorter headers.",
}


class TooManyPipelined(Exception):
    """A connection has more waiting requests than ``MAX_PIPELINED``."""


class HeadTooLarge(Exception):
    """Request line and headers are larger than the limit."""


@dataclass
class Connections:
    """The open connections of a server.

    Attributes:
        limits: Limits of the operator.
        idle: Connections without a request in progress, the one idle for the longest first.
        count: Number of open connections.
    """

    limits: Limits
    idle: dict[BoundedProtocol, None] = field(default_factory=dict)
    count: int = 0


Phase = Literal["idle", "head", "body"]


class BoundedProtocol(HttpToolsProtocol):
    """Protocol of one connection, with limits.

    Args:
        connections: All connections of the server.
        *args: Arguments of uvicorn's protocol.
        **kwargs: Keyword arguments of uvicorn's protocol.
    """

    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all_connections = connections
        self._limits = connections.limits
        self._phase: Phase = "head"
        self._message = 0
        self._timed: tuple[Phase, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._overhead = 0
        self._head_bytes = 0
        self._refusal = 400
        self._half_closed = False
        self._request_end = 0.0

    # Timeouts and sizes

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accepts a connection; above the limit, closes the one idle for the longest."""
        super().connection_made(transport)
        self._all_connections.count += 1
        if self._all_connections.count > self._limits.max_connections:
            longest = next(iter(self._all_connections.idle), self)
            longest.transport.close()
        self._all_connections.idle[self] = None
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection from the open ones."""
        self._all_connections.count -= 1
        self._all_connections.idle.pop(self, None)
        self._cancel_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parses received bytes, within the limits."""
        if self._phase == "idle":
            self._phase = "head"
        self._overhead += len(data)
        super().data_received(data)
        # Bytes that are not part of a body: an endless head, or chunk headers without content.
        # They are 0 between requests.
        if self._overhead > self._limits.max_head_bytes:
            self._refuse(431)
        self._start_timer()

    def on_message_begin(self) -> None:
        """Handles the start of a request."""
        self._message += 1
        self._phase = "head"
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Handles a part of the request line."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handles a header or a trailer."""
        self._count_head(len(name) + len(value) + HEADER_OVERHEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Handles the end of the headers: starts or queues the request."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise TooManyPipelined
        self._all_connections.idle.pop(self, None)
        super().on_headers_complete()  # raises if the target is not a URL
        self._phase = "body"

    def on_body(self, body: bytes) -> None:
        """Handles a part of a body."""
        self._overhead = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Handles the end of a request's bytes."""
        self._phase = "idle"
        self._overhead = 0
        self._request_end = self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Handles the end of a response."""
        super().on_response_complete()
        # self.cycle is the last request that was read; earlier ones may still be queued.
        if self._phase == "idle" and self.cycle.response_complete:
            self._all_connections.idle[self] = None
            if self._half_closed:
                self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Responds to bytes that are not HTTP, or exceed the limits, with an error."""
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

    def _start_timer(self) -> None:
        """Starts the timer of the current phase, unless it is running."""
        wanted = (self._phase, self._message)
        if self._timed == wanted:
            return
        self._cancel_timer()
        if self._phase == "idle":
            return  # uvicorn has its own timeout for idle connections
        self._timed = wanted
        seconds = self._limits.head_timeout_s
        if self._phase == "body":
            seconds = self._limits.body_timeout_s + BODY_GRACE_S
        self._timer = self.loop.call_later(seconds, self._on_timeout)

    def _cancel_timer(self) -> None:
        self._timed = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timeout(self) -> None:
        if self._phase == "head" and self.cycle is not None and not self.cycle.response_complete:
            self._cancel_timer()  # an earlier request of this connection is still in progress
            self._start_timer()
        elif self._phase == "head" and not self._overhead:
            self.transport.close()
        else:
            self._refuse(408)

    # Half-closed connections

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keeps the connection open for responses if the client closes its sending side.

        The client may also have closed the connection completely. To find out, an interim response
        is sent later: a closed connection answers it with a reset.

        Returns:
            True to keep the connection open, None to close it.
        """
        in_progress = self.cycle is not None and not self.cycle.response_complete
        if not in_progress or self._phase != "idle" or not hasattr(socket, "TCP_INFO"):
            return None
        self._half_closed = True
        self.loop.call_at(self._request_end + HALF_CLOSED_PROBE_DELAY_S, self._probe)
        return True

    def _probe(self) -> None:
        if self.transport.is_closing() or self.cycle.response_started or self.cycle.disconnected:
            return
        if self.scope["http_version"] == "1.1":  # HTTP/1.0 has no interim responses
            self.transport.write(_PROCESSING)
            self.loop.call_later(RESET_CHECK_DELAY_S, self._check_for_reset, RESET_CHECKS)

    def _check_for_reset(self, times: int) -> None:
        if self.transport.is_closing():
            return
        connection = self.transport.get_extra_info("socket")
        state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        if state == _TCP_CLOSE:
            self.transport.abort()
        elif times > 1:
            self.loop.call_later(RESET_CHECK_INTERVAL_S, self._check_for_reset, times - 1)


def bounded_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """Returns the value of uvicorn's setting ``http``: a factory of the connections of a server."""
    maker: Any = partial(BoundedProtocol, Connections(limits))
    result: type[asyncio.Protocol] = maker
    return result
