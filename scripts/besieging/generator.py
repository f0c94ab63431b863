"""The requests of a campaign, each made from the seed and its number alone."""

from __future__ import annotations

import random

from scripts.besieging import heads
from scripts.besieging.bodies import Body, body
from scripts.besieging.heads import Fields
from scripts.besieging.malformed import malformed
from scripts.besieging.request import Delivery, Request
from scripts.besieging.texts import Texts

PIPELINED = 0.3
"""The share of blocks whose requests are written without waiting for answers."""
BLOCK = 10
"""Requests that one connection takes in a row."""

_JSON = ("Content-Type", "application/json")
_HOST = ("Host", "localhost")
_HEAD_LIMIT = 16_000
"""A longer head may be refused by any parser."""
_MOST_SEGMENTS = 600


class Generator:
    """Makes requests by number; the same seed and number give the same bytes.

    Args:
        seed: The campaign's.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._texts = Texts(seed)

    def pipelined(self, block: int) -> bool:
        """Says whether the requests of a block go out without waiting for answers."""
        return random.Random((self.seed << 64) + (1 << 63) + block).random() < PIPELINED

    def request(self, number: int) -> Request:
        """Returns the request of a number."""
        generator = random.Random((self.seed << 64) + number)
        place = generator.random()
        if place < 0.5:
            return self._posted(generator, number)
        if place < 0.8:
            return self._asked(generator, number)
        if place < 0.92:
            return self._tricked(generator, number)
        if place < 0.96:
            return self._delivered(generator, number)
        return self._broken(generator, number)

    def _posted(self, generator: random.Random, number: int) -> Request:
        made = body(generator, self._texts)
        target = made.path if generator.random() < 0.95 else generator.choice(heads.POSTED)
        fields = [_HOST, _JSON, *made.headers]
        return _request(generator, number, made.kind, "POST", target, fields, made)

    def _asked(self, generator: random.Random, number: int) -> Request:
        target, method = heads.target(generator), generator.choice(heads.METHODS)
        content = generator.choice((b"", b"", b"", b"{}", b'{"input": "a"}'))
        fields = [_HOST]
        if generator.random() < 0.05:
            fields.append(("Connection", generator.choice(("close", "keep-alive", "Close", "a"))))
        made = Body("", target, content)
        kind = "methods and paths"
        if len(target) > _HEAD_LIMIT:
            return _alone(number, "long paths", method, target, fields, content)
        return _request(generator, number, kind, method, target, fields, made)

    def _tricked(self, generator: random.Random, number: int) -> Request:
        made = body(generator, self._texts)
        content, fields = made.content, [_HOST, _JSON, *made.headers]
        place = generator.random()
        if place < 0.008:
            fields += heads.many(generator)
            return _alone(number, "many fields", "POST", made.path, fields, content)
        if place < 0.1:
            fields[0] = ("Host", generator.choice(heads.BAD_HOSTS))
            return _alone(number, "hosts", "POST", made.path, fields, content)
        if place < 0.25 and len(content) < 5000:
            encoding, content = heads.compressed(generator, content)
            fields.append(("Content-Encoding", encoding))
        else:
            fields += heads.tricks(generator)
        made = Body(made.kind, made.path, content)
        method = "POST" if generator.random() < 0.9 else generator.choice(heads.METHODS)
        kind = "header fields"
        return _request(generator, number, kind, method, made.path, fields, made)

    def _delivered(self, generator: random.Random, number: int) -> Request:
        """A request that is fine but for the way in which it comes."""
        made = body(generator, self._texts)
        delivery = generator.choice(list(_DELIVERIES))
        if delivery is Delivery.BYTEWISE and len(made.content) > _MOST_SEGMENTS:
            delivery = Delivery.FRESH
        if delivery is Delivery.TRICKLED and generator.random() < 0.8:
            delivery = Delivery.LEFT  # slow by intent, so there must be few
        fields: Fields = [_HOST, _JSON, *made.headers, ("Content-Length", str(len(made.content)))]
        version = "HTTP/1.1"
        if delivery is Delivery.FRESH:
            version = "HTTP/1.0"
            fields += generator.choice(([], [("Connection", "keep-alive")]))
        if delivery is Delivery.CONTINUED:
            fields.append(("Expect", generator.choice(("100-continue", "100-Continue"))))
        return Request(
            number,
            f"delivery: {_DELIVERIES[delivery]}",
            "POST",
            heads.path_of(made.path),
            heads.head("POST", made.path, fields, version),
            made.content,
            delivery,
            # Who says no more may be taken for one who has left.
            well_formed=delivery is not Delivery.HALF_CLOSED,
            heavy=made.heavy,
        )

    def _broken(self, generator: random.Random, number: int) -> Request:
        if generator.random() < 0.6:
            what, content = malformed(generator)
            return Request(
                number, f"malformed: {what}", "", None, content, b"", Delivery.UNFINISHED, False
            )
        made = body(generator, self._texts)
        fields = [_HOST, _JSON, *made.headers, ("Content-Length", str(len(made.content)))]
        head = heads.head("POST", made.path, fields)
        delivery = generator.choice((Delivery.UNFINISHED, Delivery.UNFINISHED, Delivery.RESET))
        if generator.random() < 0.4:
            cut = head[: generator.randrange(1, len(head))]
            return Request(number, "cut in the head", "POST", None, cut, b"", delivery, False)
        rest = made.content[: generator.randrange(len(made.content) + 1)]
        return Request(
            number, "cut in the body", "POST", None, head, rest, delivery, False, made.heavy
        )


_DELIVERIES = {
    Delivery.FRESH: "HTTP/1.0",
    Delivery.BYTEWISE: "byte by byte",
    Delivery.TRICKLED: "with pauses",
    Delivery.CONTINUED: "100-continue",
    Delivery.HALF_CLOSED: "half closed",
    Delivery.RESET: "reset at once",
    Delivery.LEFT: "reset while answered",
}


def _request(
    generator: random.Random,
    number: int,
    kind: str,
    method: str,
    target: str,
    fields: Fields,
    made: Body,
) -> Request:
    """Returns a request for a kept connection, its body counted or in chunks."""
    content = made.content
    if content and generator.random() < 0.12 and len(content) < 1_000_000:
        fields.append(("Transfer-Encoding", "chunked"))
        content = _in_chunks(generator, content)
    elif content or method != "GET":
        fields.append(("Content-Length", str(len(content))))
    head = heads.head(method, target, fields)
    return Request(
        number,
        kind,
        method,
        heads.path_of(target),
        head,
        content,
        # Refused before they are read, and the connection with them.
        Delivery.FRESH if len(content) > 100_000 else Delivery.KEPT,
        heavy=made.heavy,
    )


def _alone(
    number: int, kind: str, method: str, target: str, fields: Fields, content: bytes
) -> Request:
    """Returns a request that a server may refuse as it refuses what is no HTTP."""
    fields = [*fields, ("Content-Length", str(len(content)))]
    head = heads.head(method, target, fields)
    heavy = Body("", "", content).heavy
    return Request(number, kind, method, None, head, content, Delivery.FRESH, False, heavy)


def _in_chunks(generator: random.Random, content: bytes) -> bytes:
    pieces = []
    offset = 0
    while offset < len(content):
        size = generator.choice((1, 2, 3, 7, 64, 1000, 65536)) if offset < 3000 else len(content)
        piece = content[offset : offset + size]
        extension = generator.choice((b"", b"", b"", b";a=b", b';a="b;c"', b";a"))
        zeros = generator.choice((b"", b"", b"0000"))
        digits = generator.choice((b"%x", b"%X")) % len(piece)
        pieces.append(zeros + digits + extension + b"\r\n" + piece + b"\r\n")
        offset += size
    trailer = generator.choice((b"", b"", b"X-Trailer: a\r\n"))
    return b"".join(pieces) + b"0\r\n" + trailer + b"\r\n"
