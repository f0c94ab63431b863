"""Generator of the requests of a campaign, each from the seed and its number alone."""

from __future__ import annotations

import random

from scripts.besieging import heads
from scripts.besieging.bodies import Body, body
from scripts.besieging.heads import Fields
from scripts.besieging.malformed import malformed
from scripts.besieging.request import Delivery, Request
from scripts.besieging.texts import Texts

PIPELINED = 0.3
"""Share of blocks whose requests are pipelined, that is, sent without waiting for responses."""
BLOCK = 10
"""Number of consecutive requests that one connection sends."""

_JSON = ("Content-Type", "application/json")
_HOST = ("Host", "localhost")
_HEAD_LIMIT = 16_000
"""Bytes of a head above which any parser may refuse it."""
_MAX_SEGMENTS = 600
"""Maximum bytes of a body that is sent byte by byte."""


class Generator:
    """Generator of requests by number; the same seed and number give the same bytes.

    Args:
        seed: Seed of the campaign.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._texts = Texts(seed)

    def pipelined(self, block: int) -> bool:
        """Whether the requests of a block are sent without waiting for responses."""
        return random.Random((self.seed << 64) + (1 << 63) + block).random() < PIPELINED

    def request(self, number: int) -> Request:
        """Returns the request with a number."""
        generator = random.Random((self.seed << 64) + number)
        place = generator.random()
        if place < 0.5:
            return self._body_request(generator, number)
        if place < 0.8:
            return self._path_request(generator, number)
        if place < 0.92:
            return self._header_request(generator, number)
        if place < 0.96:
            return self._delivery_request(generator, number)
        return self._malformed_request(generator, number)

    def _body_request(self, generator: random.Random, number: int) -> Request:
        made = body(generator, self._texts)
        target = made.path if generator.random() < 0.95 else generator.choice(heads.POST_PATHS)
        fields = [_HOST, _JSON, *made.headers]
        return _request(generator, number, made.kind, "POST", target, fields, made)

    def _path_request(self, generator: random.Random, number: int) -> Request:
        target, method = heads.target(generator), generator.choice(heads.METHODS)
        content = generator.choice((b"", b"", b"", b"{}", b'{"input": "a"}'))
        fields = [_HOST]
        if generator.random() < 0.05:
            fields.append(("Connection", generator.choice(("close", "keep-alive", "Close", "a"))))
        made = Body("", target, content)
        kind = "methods and paths"
        if len(target) > _HEAD_LIMIT:
            return _refusable_request(number, "long paths", method, target, fields, content)
        return _request(generator, number, kind, method, target, fields, made)

    def _header_request(self, generator: random.Random, number: int) -> Request:
        made = body(generator, self._texts)
        content, fields = made.content, [_HOST, _JSON, *made.headers]
        place = generator.random()
        if place < 0.008:
            fields += heads.too_many_fields(generator)
            return _refusable_request(number, "many fields", "POST", made.path, fields, content)
        if place < 0.1:
            fields[0] = ("Host", generator.choice(heads.BAD_HOSTS))
            return _refusable_request(number, "hosts", "POST", made.path, fields, content)
        if place < 0.25 and len(content) < 5000:
            encoding, content = heads.compressed(generator, content)
            fields.append(("Content-Encoding", encoding))
        else:
            fields += heads.unusual_fields(generator)
        made = Body(made.kind, made.path, content)
        method = "POST" if generator.random() < 0.9 else generator.choice(heads.METHODS)
        kind = "header fields"
        return _request(generator, number, kind, method, made.path, fields, made)

    def _delivery_request(self, generator: random.Random, number: int) -> Request:
        """Returns a well-formed request with an unusual delivery."""
        made = body(generator, self._texts)
        delivery = generator.choice(list(_DELIVERIES))
        if delivery is Delivery.BYTEWISE and len(made.content) > _MAX_SEGMENTS:
            delivery = Delivery.FRESH
        if delivery is Delivery.TRICKLED and generator.random() < 0.8:
            delivery = Delivery.RESET_LATER  # few of these, because they are slow
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
            # The server may take a half-closed connection for a closed one.
            well_formed=delivery is not Delivery.HALF_CLOSED,
            heavy=made.heavy,
        )

    def _malformed_request(self, generator: random.Random, number: int) -> Request:
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
    Delivery.RESET_LATER: "reset while answered",
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
    """Returns a request for a kept connection; its body has a length or is chunked."""
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
        # Large bodies may be refused before they are read, which closes the connection.
        Delivery.FRESH if len(content) > 100_000 else Delivery.KEPT,
        heavy=made.heavy,
    )


def _refusable_request(
    number: int, kind: str, method: str, target: str, fields: Fields, content: bytes
) -> Request:
    """Returns a request that the server's HTTP parser may refuse."""
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
