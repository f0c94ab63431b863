"""A request of the campaign, as bytes, and how they are to be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Delivery(Enum):
    """How the bytes of a request go over a socket.

    Attributes:
        KEPT: On a connection that other requests use before and after, perhaps in a pipeline.
        FRESH: On a connection of its own, which is closed once there is an answer.
        BYTEWISE: Every byte in a segment of its own.
        TRICKLED: In pieces with pauses between.
        CONTINUED: The body only once the server has asked for it, or a second has passed.
        HALF_CLOSED: The sender closes its side with the last byte.
        UNFINISHED: All there is, and no more; after a moment the sender closes its side.
        RESET: Torn down with RST after the last byte.
        LEFT: Torn down a moment later, while it is answered perhaps.
    """

    KEPT = "kept"
    FRESH = "fresh"
    BYTEWISE = "bytewise"
    TRICKLED = "trickled"
    CONTINUED = "continued"
    HALF_CLOSED = "half-closed"
    UNFINISHED = "unfinished"
    RESET = "reset"
    LEFT = "left"


UNANSWERED = frozenset({Delivery.RESET, Delivery.LEFT})
"""Where nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        number: Its number in the campaign.
        kind: What is hostile about it, for the report.
        method: As sent.
        path: As the server is to read it; None where that is not certain.
        head: The bytes up to the empty line, that included.
        body: The bytes behind it.
        delivery: How both are sent.
        well_formed: It is a request to any parser of HTTP; others may be answered by closing.
        heavy: It may take long, and rightly.
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
        """All of it."""
        return self.head + self.body

    def shown(self) -> str:
        """Returns it for a person, long parts cut."""
        return (
            f"request {self.number} ({self.kind}, {self.delivery.value}, "
            f"{len(self.head)} + {len(self.body)} bytes)\n"
            f"  {_cut(self.head, 600)}\n  {_cut(self.body, 600)}"
        )


def _cut(content: bytes, limit: int) -> str:
    return repr(content) if len(content) <= limit else f"{content[:limit]!r}…"
