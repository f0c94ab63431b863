"""Safe opening and parsing of the files of a checkpoint.

A checkpoint is not trusted: any of its files may be a pipe, a device, a gigabyte of brackets or a
number with a million digits. The functions here end in milliseconds and use a bounded amount of
memory, whatever a file contains.
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
"""Maximum bytes of a JSON file other than the vocabulary: 10,000 labels take one million bytes."""

VOCABULARY_LIMIT = 32 * MIB
"""Maximum bytes of a vocabulary: XLM-RoBERTa's tokenizer.json takes 17 million."""

_MAX_CONTAINERS = 100_000
"""Maximum objects and arrays in one file: each takes thirty times the memory of its JSON."""

_MAX_DEPTH = 64
"""Maximum levels of nesting: recursive code copies the parsed values later."""

# Suffixes of the files that transformers and MAX open in a checkpoint directory, needed or not.
_OPENED_SUFFIXES = (".json", ".jinja", ".model", ".safetensors", ".txt")
_TEMPLATES = "additional_chat_templates"


def is_present(path: Path) -> bool:
    """Whether a path exists, as a file of any kind; a dangling link counts as well."""
    return os.path.lexists(path)


def check_kinds(directory: Path, refusal: type[CheckpointError]) -> None:
    """Checks that every file that may be opened is a regular file, or a link to one.

    Opening a pipe would wait for a writer, and reading a device may never end. The size of chat
    templates is checked as well, because transformers reads them whole.

    Raises:
        CheckpointError: Of the given type: a file is not regular, not readable or too large.
    """
    try:
        with os.scandir(directory) as entries:
            paths = sorted(
                Path(each.path) for each in entries if each.name.endswith(_OPENED_SUFFIXES)
            )
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
    """Opens a regular file for reading; yields the file and its size in bytes.

    Raises:
        CheckpointError: Of the given type: the file is missing, not readable, or not regular.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise _irregular(path, refusal)
        # The file may have been replaced since: O_NONBLOCK keeps a pipe from blocking the call.
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
        CheckpointError: Of the given type: the file has more than ``limit`` bytes, or see
            ``open_regular``.
    """
    with open_regular(path, refusal) as (file, size):
        if size > limit:
            raise _too_large(path, size, limit, refusal)
        try:
            return read_exactly(file, size)
        except OSError as error:
            raise _unreadable(path, error, refusal) from None


def read_exactly(file: BinaryIO, size: int) -> bytes:
    """Reads ``size`` bytes of an unbuffered file, or fewer at its end."""
    parts: list[bytes] = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_json(
    path: Path, limit: int, refusal: type[CheckpointError], containers: int = _MAX_CONTAINERS
) -> dict[str, Any]:
    """Reads a file that holds a JSON object of at most so many objects and arrays.

    Raises:
        CheckpointError: Of the given type: see ``read_bytes`` and ``parse_json``, or the value is
            not an object.
    """
    blob = read_bytes(path, limit, refusal)
    try:
        content = parse_json(blob, containers)
    except ValueError as error:
        raise refusal(
            f"{path}: not readable as JSON ({error}). Save or download it again."
        ) from None
    if not isinstance(content, dict):
        raise refusal(f"{path}: holds {type(content).__name__}, not a JSON object.")
    return content


def parse_json(blob: bytes, most: int = _MAX_CONTAINERS) -> Any:
    """Parses strict JSON: UTF-8, finite numbers, no duplicate keys, bounded size and depth.

    Raises:
        ValueError: The bytes are not such JSON.
    """
    containers = blob.count(b"[") + blob.count(b"{")
    if containers > most:
        raise ValueError(f"{containers} objects and arrays, and at most {most} are read")
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
    for _ in range(_MAX_DEPTH):
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
    return ValueError(f"nested deeper than {_MAX_DEPTH} levels")


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
