"""Receiving and parsing of request bodies, with limits on time, memory and JSON values.

Python's JSON parser, pydantic and NumPy hold the interpreter's lock while they work, so a thread
does not keep the server responsive. Therefore the values of a large body are counted, and too many
are refused, before they are parsed.
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

_UNCOUNTED_BYTES = 16_384
"""Bytes of each body that are not counted, so that large requests never cause the refusal of small
ones."""

_BYTES_PER_VALUE = 8
"""Maximum average bytes of a value outside of strings; a token id and its comma take 7."""

_MIN_STRING_CHARACTERS = 2 * 1024 * 1024
"""Characters that all strings of a body may have in any case, including keys and unknown fields."""

_CONTINUATION = bytes(range(0x80, 0xC0))
_WHITE_SPACE = b" \t\r\n"


class BufferedBytes:
    """Counter of the bytes of bodies that are in memory at the same time.

    Args:
        limit: Maximum bytes; a single body may be larger if there is no other.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes in memory at present."""
        return self._held

    @contextmanager
    def share(self) -> Iterator[RequestBytes]:
        """Yields the counter of one request, and releases its bytes at the end of the context."""
        share = RequestBytes(self)
        try:
            yield share
        finally:
            self._held -= share.counted

    def take(self, count: int, own: int) -> None:
        """Adds ``count`` bytes for a request that already has ``own`` bytes.

        Raises:
            Overloaded: The limit is exceeded, and other requests hold a part of it.
        """
        others = self._held - own
        if others and self._held + count > self._limit:
            raise Overloaded("There are too many large requests at a time. Retry in a while.")
        self._held += count


class RequestBytes:
    """Counter of the bytes of one request's body.

    Attributes:
        counted: Bytes that count against the limit.
    """

    def __init__(self, of: BufferedBytes) -> None:
        self._of = of
        self.counted = 0

    def grow_to(self, size: int) -> None:
        """Sets the size of the body, in bytes, which only grows.

        Raises:
            Overloaded: See ``BufferedBytes.take``.
        """
        more = max(0, size - _UNCOUNTED_BYTES) - self.counted
        if more > 0:
            self._of.take(more, self.counted)
            self.counted += more


async def read_body(request: Request, held: RequestBytes, timeout_s: float) -> bytearray:
    """Receives the body of a request.

    Raises:
        Overloaded: There is too little memory for bodies at present.
        BodyTimeout: The body did not arrive within ``timeout_s`` seconds.
        ClientDisconnect: The client disconnected before the end of the body.
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
    """Parses JSON into a pydantic model, whose validators receive the limits as their context.

    Raises:
        InputError: The content is not JSON.
        TooMuch: It exceeds one of the limits.
        ValidationError: It does not match the model.
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
    """Checks the number of values and characters in JSON without parsing it.

    For content that is not valid JSON the counts have no meaning; the parser refuses it later.

    Raises:
        TooManyValues: There are more values than the limits allow.
        TooManyCharacters: There is so much text that no request with it is within the limits.
    """
    most = limits.max_body_values
    # Once escaped quotes are replaced, every second piece between quotes is a string.
    plain = content.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    if plain.count(b'"') > 2 * most:
        raise TooManyValues(most)
    pieces = plain.split(b'"')
    outside = b"s".join(pieces[::2]).translate(None, delete=_WHITE_SPACE)
    # One of these characters precedes each value but the first; empty lists and objects are
    # subtracted.
    values = 1 + sum(map(outside.count, (b",", b":", b"[", b"{")))
    values -= outside.count(b"[]") + outside.count(b"{}")
    if values > most or len(outside) > _BYTES_PER_VALUE * most:
        raise TooManyValues(most)
    strings = b"".join(pieces[1::2])
    escaped = strings.count(b"\\")
    long_escapes = strings.count(b"\\u")
    characters = len(strings.translate(None, delete=_CONTINUATION)) - escaped - 5 * long_escapes
    if characters > max(_MIN_STRING_CHARACTERS, 4 * limits.max_request_characters):
        raise TooManyCharacters(limits.max_request_characters)
