"""Bytes and lines of files and of standard input, decompressed, with bounded memory."""

from __future__ import annotations

import codecs
import io
import lzma
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import pyarrow as pa

from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.input_names import STDIN, Compression, compression_of
from distilbert_sentiment_arch.bulk.storage import locate
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown

BEGINNING = 4 * 2**20
"""Bytes of standard input that are kept, so that its columns can be found out before its rows."""

LONGEST_ROW = 2**27
"""Most characters of a line, or of a row of CSV; a longer one is a row with an error."""

UNDECODABLE = "mark-undecodable-bytes"
"""Handler of decoding errors: a byte that is no text becomes the surrogate U+DC00 + byte."""

_BUFFER = 2**20
_PREFIX = "max-sentiment-"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(UNDECODABLE, _mark)


class StandardInput:
    """Standard input, whose beginning can be read once before it is read from there on."""

    def __init__(self, source: BinaryIO | None = None) -> None:
        self._source = source
        self._beginning: bytes | None = None
        self._taken = False
        self._copy: int | None = None

    def beginning(self) -> bytes:
        """Returns the first ``BEGINNING`` bytes, or all if there are fewer."""
        if self._beginning is None:
            self._beginning = self._stream().read(BEGINNING)
        return self._beginning

    def take(self) -> BinaryIO:
        """Returns all of it, from its beginning.

        Raises:
            InputError: It was taken before.
        """
        if self._taken:
            raise InputError("-: standard input can be read only once. Store it in a file.")
        beginning = self.beginning()
        self._taken = True
        return cast(BinaryIO, io.BufferedReader(_Joined(beginning, self._stream()), _BUFFER))

    def copy(self) -> BinaryIO:
        """Returns all of it as a file that can be read at any place, and more than once."""
        if self._copy is None:
            with tempfile.TemporaryFile(prefix=_PREFIX) as file:
                shutil.copyfileobj(self.take(), file, _BUFFER)
                file.flush()
                self._copy = os.dup(file.fileno())
                weakref.finalize(self, os.close, self._copy)
        return os.fdopen(os.dup(self._copy), "rb")

    def _stream(self) -> BinaryIO:
        return self._source or sys.stdin.buffer


class _Joined(io.RawIOBase):
    """Bytes, and then a stream."""

    def __init__(self, beginning: bytes, rest: BinaryIO) -> None:
        self._beginning: memoryview = memoryview(beginning)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._beginning:
            count = min(len(view), len(self._beginning))
            view[:count] = self._beginning[:count]
            self._beginning = self._beginning[count:]
            return count
        data = self._rest.read(len(view))
        view[: len(data)] = data
        return len(data)


STANDARD_INPUT = StandardInput()


@contextmanager
def readable(file: InputFile) -> Iterator[None]:
    """Turns errors of reading a file into ``InputError`` that names it."""
    try:
        yield
    except (OSError, EOFError, UnicodeError, lzma.LZMAError, pa.ArrowException) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"{file.path}: cannot be read further: {reason}. Restore the file, or leave it out."
        ) from error


@contextmanager
def open_bytes(file: InputFile, *, beginning: bool = False) -> Iterator[BinaryIO]:
    """Opens a file for reading from its beginning to its end, decompressed as its name says.

    Args:
        file: The file.
        beginning: Only its beginning is read; standard input stays readable from there.
    """
    if file.path == STDIN:
        if beginning:
            yield io.BytesIO(STANDARD_INPUT.beginning())
        else:
            yield STANDARD_INPUT.take()
        return
    location = locate(file.path)
    with location.storage.open_input_stream(
        location.path, compression=None, buffer_size=_BUFFER
    ) as stored:
        yield _decompressed(stored, compression_of(file.path))


@contextmanager
def open_seekable(file: InputFile) -> Iterator[Any]:
    """Opens a file for reading at any place; a stream is stored in a temporary file first."""
    if file.path == STDIN:
        with STANDARD_INPUT.copy() as copy:
            copy.seek(0)
            yield pa.PythonFile(copy, mode="r")
    elif compression_of(file.path) is None:
        location = locate(file.path)
        with location.storage.open_input_file(location.path) as stored:
            yield stored
    else:
        with tempfile.TemporaryFile(prefix=_PREFIX) as copy, open_bytes(file) as stream:
            shutil.copyfileobj(stream, copy, _BUFFER)
            copy.seek(0)
            yield pa.PythonFile(copy, mode="r")


def _decompressed(stored: Any, compression: Compression | None) -> BinaryIO:
    if compression is None:
        return cast(BinaryIO, stored)
    if compression == "xz":
        return cast(BinaryIO, lzma.LZMAFile(stored))
    return cast(BinaryIO, pa.CompressedInputStream(stored, compression))


@contextmanager
def open_lines(
    file: InputFile, encoding: str, newline: str, *, beginning: bool = False
) -> Iterator[Lines]:
    r"""Opens the lines of a text file.

    Args:
        file: The file.
        encoding: As Python names it. Bytes that are none of it become lone surrogates.
        newline: What ends a line: ``"\n"``, or ``""`` for any of ``\n``, ``\r`` and ``\r\n``.
        beginning: As for ``open_bytes``.

    Raises:
        InputError: There is no such encoding, or the file cannot be read further.
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding).close()
    except LookupError:
        raise InputError(
            f"{shown(encoding)} is no encoding. Name one as Python does: utf-8, latin-1, cp1252, "
            "utf-16, shift_jis, ...",
            "--encoding",
        ) from None
    with readable(file), open_bytes(file, beginning=beginning) as stream:
        wrapper = io.TextIOWrapper(
            io.BufferedReader(_Raw(stream), _BUFFER),
            encoding=encoding,
            errors=UNDECODABLE,
            newline=newline,
        )
        yield Lines(wrapper, ("\n",) if newline == "\n" else ("\n", "\r"))


class _Raw(io.RawIOBase):
    """A stream as Python's buffers read it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)


class Lines:
    """Lines of a text, one after the other, none longer than ``LONGEST_ROW`` characters.

    Args:
        text: The text.
        ends: What a line may end with.

    Attributes:
        number: Lines read so far.
        cut: Whether the last line was longer, so that its rest was left out.
    """

    def __init__(self, text: io.TextIOWrapper, ends: tuple[str, ...]) -> None:
        self._text = text
        self._ends = ends
        self.number = 0
        self.cut = False

    def next(self) -> str:
        """Returns the next line with its end; an empty string after the last one."""
        line = self._text.readline(LONGEST_ROW)
        if not line:
            return ""
        if self.number == 0:
            line = line.removeprefix("\ufeff")
        self.number += 1
        self.cut = len(line) >= LONGEST_ROW and not line.endswith(self._ends)
        if self.cut:
            while (rest := self._text.readline(_BUFFER)) and not rest.endswith(self._ends):
                pass
        return line
