"""Windows: rows of several files, cut so that each takes bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.blocks import Block
from distilbert_sentiment_arch.bulk.reading.cells import valid_column, valid_text
from distilbert_sentiment_arch.bulk.reading.columns import Columns, text_columns
from distilbert_sentiment_arch.bulk.reading.files import read_blocks, read_schema
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile, fingerprint_now
from distilbert_sentiment_arch.bulk.reading.row_sizes import Sizes, row_sizes
from distilbert_sentiment_arch.bulk.reading.streams import UNDECODABLE
from distilbert_sentiment_arch.bulk.rows import Window
from distilbert_sentiment_arch.classify.interface import TextPair
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown

WINDOW_ROWS = 4096
"""Most rows of a window."""

WINDOW_BYTES = 2**24
"""Most bytes of the columns in a window, but for a row that alone has more."""


def read_windows(
    files: Sequence[InputFile],
    options: InputOptions,
    start: int = 0,
    end: int | None = None,
    schema: pa.Schema | None = None,
) -> Iterator[Window]:
    """Reads rows of files, one file after the other.

    Where a window ends depends on the rows and on ``start`` only. Memory is bounded by a few
    windows and the largest row.

    Args:
        files: The files, as one sequence of rows.
        options: How they are read.
        start: First row.
        end: Row after the last one; None for all.
        schema: The columns that the output keeps, as ``read_common_schema`` gave them for all
            files of the job; None for those of the first file here.

    Raises:
        InputError: A file cannot be read further, has other columns, or was changed meanwhile.
    """
    if not files:
        return
    kept = read_schema(files[0], options) if schema is None else schema
    columns = Columns(tuple(kept.names), text_columns(options))
    cutter = _Cutter(columns, kept)
    left = None if end is None else max(0, end - start)
    for file in files:
        if left == 0:
            break
        for block in _blocks_of(file, options, columns, kept, start):
            start -= block.skipped
            if block.table is None:
                continue
            table = block.table if left is None else block.table[:left]
            if left is not None:
                left -= table.num_rows
            cutter.add(table, block.errors)
            yield from cutter.full()
            if left == 0:
                break
    yield from cutter.rest()


def _blocks_of(
    file: InputFile, options: InputOptions, columns: Columns, kept: pa.Schema, skip: int
) -> Iterator[Block]:
    _check_unchanged(file)
    yield from read_blocks(file, options, columns, kept, skip)
    _check_unchanged(file)


def _check_unchanged(file: InputFile) -> None:
    if fingerprint_now(file) != file.fingerprint:
        raise InputError(
            f"{file.path}: was changed or removed after the job began to read its input. Start a "
            "job of its own with the new file."
        )


class _Cutter:
    """Blocks on one side, windows on the other."""

    def __init__(self, columns: Columns, kept: pa.Schema) -> None:
        self._columns = columns
        self._kept = kept
        self._pieces: deque[tuple[pa.Table, list[str | None], Sizes]] = deque()
        self._rows = 0
        self._bytes = 0
        self._ready: deque[Window] = deque()

    def add(self, table: pa.Table, reasons: Mapping[int, str]) -> None:
        """Takes rows, and the reasons for which some cannot be scored, by place."""
        if not table.num_rows:
            return
        sizes = row_sizes(table)
        errors = [reasons.get(row) for row in range(table.num_rows)]
        begin = 0
        while begin < table.num_rows:
            room = min(WINDOW_ROWS - self._rows, table.num_rows - begin)
            fitting = int(
                np.searchsorted(
                    np.cumsum(sizes[begin : begin + room]), WINDOW_BYTES - self._bytes, "right"
                )
            )
            if fitting == 0 and self._rows == 0:
                fitting = 1
            if fitting:
                until = begin + fitting
                self._pieces.append((table[begin:until], errors[begin:until], sizes[begin:until]))
                self._rows += fitting
                self._bytes += int(sizes[begin:until].sum())
                begin = until
            if begin < table.num_rows or self._rows == WINDOW_ROWS:
                self._ready.append(self._window())

    def full(self) -> Iterator[Window]:
        """Yields the windows that no row can be added to."""
        while self._ready:
            yield self._ready.popleft()

    def rest(self) -> Iterator[Window]:
        """Yields the last window."""
        if self._rows:
            yield self._window()

    def _window(self) -> Window:
        reasons = [each for _, errors, _ in self._pieces for each in errors]
        errors = {row: each for row, each in enumerate(reasons) if each is not None}
        columns = {}
        for name in self._columns.read:
            kind = self._kept.field(name).type if name in self._kept.names else None
            chunks = [
                chunk
                for table, _, _ in self._pieces
                for chunk in _as_type(table[name], kind).chunks
            ]
            columns[name] = valid_column(pa.chunked_array(chunks), name, errors)
        self._pieces.clear()
        self._rows = self._bytes = 0
        texts = [_texts(columns[name], name, errors) for name in self._columns.texts]
        # A table is selected from, as one that is made without columns has no rows.
        table = pa.table(columns).select(self._kept.names)
        scored: list[str | TextPair | None] = [
            None
            if row in errors or any(value is None for value in values)
            else (values[0] if len(values) == 1 else TextPair(*values))
            for row, values in enumerate(zip(*texts, strict=True))
        ]
        return Window(table, scored, [errors.get(row) for row in range(len(scored))])


def _as_type(column: Any, kind: pa.DataType | None) -> Any:
    """Returns a column in its type in the output; without one, of strings without a dictionary."""
    if kind is None:
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if column.type == kind:
        return column
    if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(kind):
        column = column.cast(column.type.value_type)
    return column.cast(kind)


def _texts(column: Any, name: str, errors: dict[int, str]) -> list[str | None]:
    """Returns the texts of a column; rows without one are put in ``errors``."""
    values: list[Any] = column.to_pylist()
    for row, value in enumerate(values):
        if type(value) is str:
            continue
        if value is None:
            errors.setdefault(row, f"{shown(name)} is null: there is no text.")
            continue
        try:
            values[row] = value.decode()
        except UnicodeDecodeError as error:
            values[row] = valid_text(value.decode("utf-8", UNDECODABLE))
            errors.setdefault(
                row,
                f"{shown(name)} is no UTF-8: byte 0x{value[error.start]:02x} at byte "
                f"{error.start}.",
            )
    return values
