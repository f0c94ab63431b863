"""The line of an exception that says why something does not compile."""

from __future__ import annotations

import re

from distilbert_sentiment_arch.messages import one_line

_LIMIT = 240

_TELLING = (
    re.compile("constraint failed"),
    # What Mojo and MAX say last of any kernel that does not compile.
    re.compile("error: (?!function instantiation failed|The graph compiler could not)"),
)
"""What a compiler's telling line has, the most telling ones first."""

_DIRECTORIES = re.compile(r"\S*/(?=[^/\s]+:\d+:\d+: )")
"""Of a place in a file."""


def reason_of(error: BaseException) -> str:
    """Returns the line of an exception's words, or of its causes', that says what is wrong."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        # The innermost words are the compiler's own, and say most.
        lines = [*filter(None, map(str.strip, str(cause).splitlines())), *lines]
        cause = cause.__cause__
    found = (line for telling in _TELLING for line in lines if telling.search(line))
    line = next(found, (lines or [type(error).__name__])[0])
    line = one_line(_DIRECTORIES.sub("", line))
    return line if len(line) <= _LIMIT else f"{line[: _LIMIT - 1]}\u2026"
