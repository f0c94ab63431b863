"""Formatting of untrusted values for messages: one printable line of bounded length."""

from __future__ import annotations

import re

MESSAGE_LIMIT = 480
"""Maximum characters of a message, so that a file cannot fill a terminal or a log."""

_FILE_LIMIT = 160
_REMEDY_LIMIT = 200
_VALUE_LIMIT = 100


def shown(value: object) -> str:
    """Returns the ``repr`` of a value for a message, with its middle left out if it is long."""
    return _without_middle(repr(value), _VALUE_LIMIT, _VALUE_LIMIT // 4)


def one_line(text: str) -> str:
    """Returns a message as one printable line of at most ``MESSAGE_LIMIT`` characters.

    The part before the first colon is the path of a file, and the last part is the remedy. The end
    of the path and the remedy are kept when the message is shortened.
    """
    # Shortened once before the escaping, which takes up to ten characters for one.
    text = _without_middle(text, 20 * MESSAGE_LIMIT, 10 * MESSAGE_LIMIT)
    text = re.sub(r"[\t\n\v\f\r]+", " ", text)
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    if len(line) > MESSAGE_LIMIT:
        file, colon, rest = line.partition(": ")
        line = _without_middle(file, _FILE_LIMIT, _FILE_LIMIT * 3 // 4) + colon + rest
    return _without_middle(line, MESSAGE_LIMIT, _REMEDY_LIMIT)


def _without_middle(text: str, limit: int, tail: int) -> str:
    """Returns at most ``limit`` characters of a text, ``tail`` of them from its end."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - tail - 1]}\u2026{text[-tail:]}"
