"""Request of a campaign: its bytes and their delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Delivery(Enum):
    """Way of sending the bytes of a request.

    Attributes:
        KEPT: On a connection that is used for other requests as well, possibly pipelined.
        FRESH: On a new connection, which is closed after the response.
        BYTEWISE: Every byte in a separate TCP segment.
        TRICKLED: In pieces, with pauses between them.
        CONTINUED: Head first; the body after the interim response 100, or after one second.
        HALF_CLOSED: The client closes its sending side after the last byte.
        UNFINISHED: An incomplete request; after a pause the client closes its sending side.
        RESET: The client resets the connection (RST) directly after the last byte.
        RESET_LATER: The client resets the connection a few milliseconds later, possibly while the
            response is computed.
    """

    KEPT = "kept"
    FRESH = "fresh"
    BYTEWISE = "bytewise"
    TRICKLED = "trickled"
    CONTINUED = "continued"
    HALF_CLOSED = "half-closed"
    UNFINISHED = "unfinished"
    RESET = "reset"
    RESET_LATER = "reset-later"


NOT_AWAITED_DELIVERIES = frozenset({Delivery.RESET, Delivery.RESET_LATER})
"""Deliveries after which the client does not wait for a response."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        number: Number in the campaign.
        kind: Kind of the hostility, for the report.
        method: HTTP method.
        path: Path that the server should see; None if parsers may disagree about it.
        head: Bytes of the head, including the empty line at its end.
        body: Bytes after the head.
        delivery: Way of sending both.
        well_formed: It is valid HTTP for every parser. The server may close the connection in
            response to other requests.
        heavy: The server may need long to process it.
    """

    number: int
    kind: str
    method: str
    path: str | None
    head: bytes
    body: bytes
    delivery: Delivery
    well_formed: bool = True
    heavy: bool = False

    @property
    def content(self) -> bytes:
        """Head and body."""
        return self.head + self.body

    def shown(self) -> str:
        """Returns a description for people; long parts are cut."""
        return (
            f"request {self.number} ({self.kind}, {self.delivery.value}, "
            f"{len(self.head)} + {len(self.body)} bytes)\n"
            f"  {_cut(self.head, 600)}\n  {_cut(self.body, 600)}"
        )


def _cut(content: bytes, limit: int) -> str:
    return repr(content) if len(content) <= limit else f"{content[:limit]!r}…"
