"""The files of a checkpoint, opened and parsed without trusting them.

A checkpoint comes from somebody else: any of its files may be a pipe, a device, a gigabyte of
brackets or a number with a million digits. What is here ends in milliseconds and in a bounded
amount of memory whatever a file is.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from distilbert_sentiment_arch.errors import CheckpointError
from distilbert_sentiment_arch.messages import shown

MIB = 1024 * 1024

CONFIG_LIMIT = 2 * MIB
"""Bytes in a JSON file that is not the vocabulary: ten thousand labels take one million."""

VOCABULARY_LIMIT = 8 * MIB
"""Bytes in tokenizer.json or vocab.txt: those of multilingual BERT take three million."""

_MOST_CONTAINERS = 100_000
"""Objects and arrays in one file: each takes thirty times the memory that it takes on disk."""

_DEEPEST = 64
"""Levels of nesting; what is parsed is copied by recursive code later."""

# What transformers and MAX open in a checkpoint directory, whether or not it is needed.
_OPENED = (".json", ".jinja", ".model", ".safetensors", ".txt")
_TEMPLATES = "additional_chat_templates"


def is_present(path: Path) -> bool:
    """Whether there is anything under this name, of whatever kind; a dangling link is."""
    return os.path.lexists(path)


def check_kinds(directory: Path, refusal: type[CheckpointError]) -> None:
    """Checks that every file that may be opened is a regular one, or a link to one.

    Raises:
        CheckpointError: Of the given type. Opening a pipe waits for somebody to write into it, and
            a device never ends; chat templates are read whole, whatever their size.
    """
    try:
        with os.scandir(directory) as entries:
            paths = sorted(Path(each.path) for each in entries if each.name.endswith(_OPENED))
        if os.path.isdir(directory / _TEMPLATES):
            paths += (directory / _TEMPLATES).glob("*.jinja")
        for path in paths:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):
                raise _irregular(path, refusal)
            if path.suffix == ".jinja" and status.st_size > CONFIG_LIMIT:
                raise _too_large(path, status.st_size, CONFIG_LIMIT, refusal)
    except OSError as error:
        raise _unreadable(Path(error.filename or directory), error, refusal) from None


@contextmanager
def open_regular(path: Path, refusal: type[CheckpointError]) -> Iterator[tuple[BinaryIO, int]]:
    """Opens a file to be read if it is a regular one; yields it and its size in bytes.

    Raises:
        CheckpointError: Of the given type: not there, not readable, or no regular file.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise _irregular(path, refusal)
        # It may be another file by now, and a pipe without a writer would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, refusal) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _irregular(path, refusal)
    with os.fdopen(descriptor, "rb", buffering=0) as raw:
        yield raw, status.st_size


def read_bytes(path: Path, limit: int, refusal: type[CheckpointError]) -> bytes:
    """Reads a whole file.

    Raises:
        CheckpointError: Of the given type: more than ``limit`` bytes, or see ``open_regular``.
    """
    with open_regular(path, refusal) as (file, size):
        if size > limit:
            raise _too_large(path, size, limit, refusal)
        try:
            return read_exactly(file, size)
        except OSError as error:
            raise _unreadable(path, error, refusal) from None


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """Reads that many bytes of an unbuffered file, or as many as there are."""
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_json(path: Path, limit: int, refusal: type[CheckpointError]) -> dict[str, Any]:
    """Reads a file that holds a JSON object.

    Raises:
        CheckpointError: Of the given type: see ``read_bytes`` and ``parse_json``, or another value
            than an object.
    """
    blob = read_bytes(path, limit, refusal)
    try:
        content = parse_json(blob)
    except ValueError as error:
        raise refusal(
            f"{path}: not readable as JSON ({error}). Save or download it again."
        ) from None
    if not isinstance(content, dict):
        raise refusal(f"{path}: holds {type(content).__name__}, not a JSON object.")
    return content


def parse_json(blob: bytes) -> Any:
    """Parses JSON as the standard has it: UTF-8, finite, no key twice, not too many parts.

    Raises:
        ValueError: It is something else.
    """
    containers = blob.count(b"[") + blob.count(b"{")
    if containers > _MOST_CONTAINERS:
        raise ValueError(
            f"{containers} objects and arrays, and at most {_MOST_CONTAINERS} are read"
        )
    try:
        content = json.loads(
            blob.decode("utf-8"),
            parse_constant=_not_finite,
            parse_float=_finite,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise _too_deep() from None
    level = [content]
    for _ in range(_DEEPEST):
        level = (
            [
                inner
                for outer in level
                for inner in (outer.values() if isinstance(outer, dict) else outer)
                if isinstance(inner, dict | list)
            ]
            if isinstance(content, dict | list)
            else []
        )
        if not level:
            return content
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"nested deeper than {_DEEPEST} levels")


def _not_finite(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"the number {shown(digits)} is out of range")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {shown(twice)} stands twice in one object")
    return found


def _unreadable(
    path: Path, error: OSError | ValueError, refusal: type[CheckpointError]
) -> CheckpointError:
    reason = error.strerror if isinstance(error, OSError) else error
    return refusal(f"{path}: not readable ({reason}). Make it a regular file that may be read.")


def _too_large(
    path: Path, size: int, limit: int, refusal: type[CheckpointError]
) -> CheckpointError:
    return refusal(
        f"{path}: {size} bytes, and at most {limit} are read. Put the file of this checkpoint "
        "there."
    )


def _irregular(path: Path, refusal: type[CheckpointError]) -> CheckpointError:
    return refusal(
        f"{path}: not a regular file, and only those are read. Put the file itself there, or a "
        "link to it."
    )
