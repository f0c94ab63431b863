"""The body of a request: how long it may take, how much of it is held, what JSON is read.

Python's JSON parser, pydantic and NumPy hold the interpreter's lock while they work, so a thread
does not help: whatever would keep them busy for long is counted and refused before it is built.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

from distilbert_sentiment_arch.errors import (
    BodyTimeout,
    InputError,
    Overloaded,
    TooManyCharacters,
    TooManyValues,
)
from distilbert_sentiment_arch.settings.limits import Limits
from distilbert_sentiment_arch.worker_threads import LARGE

Content = bytes | bytearray
Body = TypeVar("Body", bound=BaseModel)

_FREE = 16_384
"""Bytes of a body that count nothing: no small request is refused because of large ones."""

_BYTES_A_VALUE = 8
"""Bytes outside of strings that a value may take on average; a token id and its comma take 7."""

_STRING_CHARACTERS = 2 * 1024 * 1024
"""Least bound on the characters in all strings of a body; names and unknown fields are among
them."""

_CONTINUATION = bytes(range(0x80, 0xC0))
_WHITE_SPACE = b" \t\r\n"


class BufferedBytes:
    """Counts the bytes of bodies that are held at a time.

    Args:
        limit: Most bytes; a single body may be larger while there is no other.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes held now."""
        return self._held

    @contextmanager
    def holding(self) -> Iterator[HeldBytes]:
        """Gives one request its share, and takes it back."""
        share = HeldBytes(self)
        try:
            yield share
        finally:
            self._held -= share.counted

    def take(self, count: int, own: int) -> None:
        """Counts more bytes of a request that has ``own`` already.

        Raises:
            Overloaded: Others hold too much.
        """
        others = self._held - own
        if others and self._held + count > self._limit:
            raise Overloaded("There are too many large requests at a time. Retry in a while.")
        self._held += count


class HeldBytes:
    """The share of one request.

    Attributes:
        counted: Bytes that count against the limit.
    """

    def __init__(self, of: BufferedBytes) -> None:
        self._of = of
        self.counted = 0

    def grow_to(self, size: int) -> None:
        """Counts what a body of a size takes.

        Raises:
            Overloaded: Others hold too much.
        """
        more = max(0, size - _FREE) - self.counted
        if more > 0:
            self._of.take(more, self.counted)
            self.counted += more


async def read_body(request: Request, held: HeldBytes, timeout_s: float) -> bytearray:
    """Receives the body of a request.

    Raises:
        Overloaded: There is no room for it now.
        BodyTimeout: It did not arrive in time.
        ClientDisconnect: It ended before its length.
    """
    content = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            more = True
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect()
                content += message.get("body", b"")
                held.grow_to(len(content))
                more = message.get("more_body", False)
    except TimeoutError:
        raise BodyTimeout(timeout_s) from None
    return content


def validated(content: Content, model: type[Body], limits: Limits) -> Body:
    """Returns JSON as a model; the limits are the context of its validators.

    Raises:
        InputError: Not JSON.
        TooMuch: More than the limits allow.
        ValidationError: JSON of another shape.
    """
    if len(content) > LARGE:
        _check_values(content, limits)
    try:
        decoded = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError("The body is not valid JSON.") from None
    try:
        return model.model_validate(decoded, context=limits)
    except RecursionError:
        raise InputError("The body is nested too deeply.") from None


def _check_values(content: Content, limits: Limits) -> None:
    """Counts the values and the characters of JSON without building any of them.

    What is not JSON is counted in some way; the parser finds that out.

    Raises:
        TooManyValues: More than the limits allow.
        TooManyCharacters: So much text that no request with it is within the limits.
    """
    most = limits.max_body_values
    # Without escaped quotes every other piece between quotes is a string.
    plain = content.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    if plain.count(b'"') > 2 * most:
        raise TooManyValues(most)
    pieces = plain.split(b'"')
    outside = b"s".join(pieces[::2]).translate(None, delete=_WHITE_SPACE)
    # Before each value but the first stands one of these, unless a list or an object is empty.
    values = 1 + sum(map(outside.count, (b",", b":", b"[", b"{")))
    values -= outside.count(b"[]") + outside.count(b"{}")
    if values > most or len(outside) > _BYTES_A_VALUE * most:
        raise TooManyValues(most)
    strings = b"".join(pieces[1::2])
    escaped = strings.count(b"\\")
    long_escapes = strings.count(b"\\u")
    characters = len(strings.translate(None, delete=_CONTINUATION)) - escaped - 5 * long_escapes
    if characters > max(_STRING_CHARACTERS, 4 * limits.max_request_characters):
        raise TooManyCharacters(limits.max_request_characters)
