"""Arrow's own files, as Hugging Face ``datasets`` writes them: a record batch at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.blocks import Block
from distilbert_sentiment_arch.bulk.reading.columns import Columns, check_schema
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.streams import open_bytes, open_seekable, readable
from distilbert_sentiment_arch.errors import InputError

_FILE_MAGIC = b"ARROW1"
_STREAM_MAGIC = b"\xff\xff\xff\xff"
_OLD_MAGIC = b"FEA1"

_PIECE = 16 * 2**20
"""Bytes that are read at once."""


def file_schema(file: InputFile, options: InputOptions) -> pa.Schema:
    """Returns all columns of a file."""
    with readable(file), open_bytes(file, beginning=True) as stream:
        begin = stream.read(8)
        if begin.startswith(_FILE_MAGIC):
            # The stream with the same schema follows the magic bytes.
            return pa.ipc.open_stream(_Pieces(stream)).schema
    _check_begin(begin, file)
    with readable(file), open_bytes(file, beginning=True) as stream:
        return pa.ipc.open_stream(_Pieces(stream)).schema


def read_blocks(
    file: InputFile, options: InputOptions, columns: Columns, kept: pa.Schema, skip: int
) -> Iterator[Block]:
    """Reads the rows of a file in the streaming or in the file format, in the types that it has.

    Args:
        file: The file.
        options: How it is read.
        columns: Those to read.
        kept: Types of those that the output keeps.
        skip: Rows at the beginning that are not wanted.
    """
    schema = file_schema(file, options)
    check_schema(schema, columns, file.path)
    read_options = pa.ipc.IpcReadOptions(
        included_fields=sorted(schema.names.index(name) for name in columns.read),
        use_threads=False,
    )
    skipped = 0
    with readable(file), _batches(file, read_options) as batches:
        for batch in batches:
            passed = min(batch.num_rows, skip - skipped)
            skipped += passed
            if passed < batch.num_rows:
                _check(batch, file)
                table = pa.Table.from_batches([batch.slice(passed)]).select(columns.read)
                yield Block(table, skipped=skipped)
                skip = skipped = 0
        yield Block(None, skipped=skipped)


@contextmanager
def _batches(file: InputFile, options: Any) -> Iterator[Iterator[Any]]:
    with open_bytes(file, beginning=True) as stream:
        begin = stream.read(8)
    if begin.startswith(_FILE_MAGIC):
        with (
            open_seekable(file) as source,
            pa.ipc.open_file(pa.PythonFile(_Pieces(source), "r"), options=options) as reader,
        ):
            yield (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        with (
            open_bytes(file) as stream,
            pa.ipc.open_stream(_Pieces(stream), options=options) as reader,
        ):
            yield iter(reader)


class _Pieces:
    """A file of which as much is in memory as there is to read, whatever length is asked for.

    A damaged file may have any length in it, which Arrow would make room for, and fill.

    Args:
        source: The file.
    """

    closed = False

    def __init__(self, source: Any) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        """Returns the next bytes, fewer only at the end of the file."""
        pieces = []
        left = sys.maxsize if size < 0 else size
        while left > 0 and (piece := self._source.read(min(left, _PIECE))):
            pieces.append(piece)
            left -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def seekable(self) -> bool:
        """Whether it can be read at any place."""
        return bool(self._source.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        """Goes to a place."""
        return int(self._source.seek(offset, whence))

    def tell(self) -> int:
        """Returns the place."""
        return int(self._source.tell())

    def close(self) -> None:
        """Does nothing; whoever opened the file closes it."""


def _check_begin(begin: bytes, file: InputFile) -> None:
    """Checks that a file begins as Arrow's do; other bytes would be taken for a length."""
    if begin.startswith(_OLD_MAGIC):
        raise InputError(
            f"{file.path}: is in the first version of Feather, which is not read here. Write it as "
            "Parquet or Arrow."
        )
    if not begin.startswith(_STREAM_MAGIC):
        raise InputError(
            f"{file.path}: cannot be read further: it does not begin like an Arrow file. Restore "
            "the file, or leave it out."
        )


def _check(batch: Any, file: InputFile) -> None:
    """Checks offsets and sizes in a batch, which a damaged file has wrong; strings come later."""
    for column in batch.columns:
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            if "UTF8" not in str(error):
                raise
