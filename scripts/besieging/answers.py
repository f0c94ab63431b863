"""Strict parser of HTTP responses, because a response that is not HTTP is a failure itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")


class NotHTTP(Exception):
    """The received bytes are not an HTTP response."""


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a response: status and header fields, whose names are in lower case."""

    status: int
    fields: Mapping[str, str]

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection after the response."""
        return self.fields.get("connection", "").lower() == "close"

    def length(self, method: str) -> int | None:
        """Returns the length of the body in bytes; None for a chunked one.

        Raises:
            NotHTTP: The head is contradictory, or contains no length.
        """
        if method == "HEAD" or self.status in (204, 304) or self.status < 200:
            return 0
        length = self.fields.get("content-length")
        if "transfer-encoding" in self.fields:
            if length is not None:
                raise NotHTTP("an answer with a length and in chunks")
            return None
        if length is None:
            raise NotHTTP("an answer without a length")
        if not length.isdecimal():
            raise NotHTTP(f"Content-Length is {length!r}")
        return int(length)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response to a request."""

    head: Head
    body: bytes

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.head.status

    def shown(self) -> str:
        """Returns a description for people; a long body is cut."""
        return f"{self.status} {dict(self.head.fields)} {self.body[:400]!r}"


def parse_head(content: bytes) -> Head:
    """Parses a head, including the empty line at its end.

    Raises:
        NotHTTP: It does not follow the grammar of HTTP/1.1.
    """
    first, *lines = content[:-4].split(b"\r\n")
    matched = _STATUS_LINE.fullmatch(first)
    if matched is None:
        raise NotHTTP(f"no status line: {first[:100]!r}")
    fields: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None:
            raise NotHTTP(f"no header field: {line[:100]!r}")
        name = field[1].decode("ascii").lower()
        if name in fields and name in ("content-length", "content-type", "x-request-id"):
            raise NotHTTP(f"{name} twice")
        fields[name] = field[2].decode("latin-1").rstrip()
    return Head(int(matched[1]), fields)
