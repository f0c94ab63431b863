"""What of a checkpoint may stand in a message: one printable line of bounded length."""

from __future__ import annotations

import re

MESSAGE_LIMIT = 480
"""Characters in a message; a file must not fill a terminal or a log."""

_FILE_LIMIT = 160
_REMEDY_LIMIT = 200
_VALUE_LIMIT = 100


def shown(value: object) -> str:
    """Returns a value as a message shows it: ``repr``, without its middle where it is long."""
    return _without_middle(repr(value), _VALUE_LIMIT, _VALUE_LIMIT // 4)


def one_line(text: str) -> str:
    """Returns a message as one printable line of at most ``MESSAGE_LIMIT`` characters.

    What stands before the first colon is a file, whose end names it; what stands last is the
    remedy. Both are kept where something has to go.
    """
    # An escape takes up to ten characters, so what is too long in any case need not be escaped.
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
