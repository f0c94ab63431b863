"""CSV as RFC 4180 has it, in any encoding and with any delimiter; cells stay text unless typed."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.blocks import BLOCK_CHARACTERS, BLOCK_ROWS, Block
from distilbert_sentiment_arch.bulk.reading.cells import text_array, typed_column, valid_text
from distilbert_sentiment_arch.bulk.reading.columns import Columns, check_columns, unknown_column
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.input_names import delimiter_of
from distilbert_sentiment_arch.bulk.reading.streams import LONGEST_ROW, Lines, open_lines
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown


def file_schema(file: InputFile, options: InputOptions) -> pa.Schema | None:
    """Returns the columns of the header, of text or of the types that the options name.

    A column without a name is ``column_N``, counted from 1.

    Returns:
        The columns; None where the file has no line.

    Raises:
        InputError: The header cannot be read.
    """
    with open_lines(file, options.encoding, "", beginning=True) as lines:
        names = _header(_Rows(lines, delimiter_of(file.path, options)), file)
    if names is None:
        return None
    for name in options.types:
        if name not in names:
            raise unknown_column(name, "--types", names, file.path)
    return pa.schema([(name, _kind(name, options)) for name in names])


def read_blocks(
    file: InputFile, options: InputOptions, columns: Columns, kept: pa.Schema, skip: int
) -> Iterator[Block]:
    """Reads the rows of a file.

    A row of another width than the header's keeps the cells that it has, and a line whose quotes
    do not fit is a row of nulls; both have their reason in ``errors``, and reading continues with
    the next line. Lines without any character are no rows.

    Args:
        file: The file.
        options: How it is read.
        columns: Those to read.
        kept: Types of those that the output keeps.
        skip: Rows at the beginning that are not wanted.
    """
    with open_lines(file, options.encoding, "") as lines:
        rows = _Rows(lines, delimiter_of(file.path, options))
        names = _header(rows, file) or []
        if names:
            check_columns(names, columns, file.path)
        places = [(name, names.index(name)) for name in columns.read if names]
        skipped = 0
        while skipped < skip and rows.next() is not None:
            skipped += 1
        more = True
        while more:
            cells: list[Sequence[str | None]] = []
            errors: dict[int, str] = {}
            characters = 0
            while len(cells) < BLOCK_ROWS and characters < BLOCK_CHARACTERS:
                row = rows.next()
                if row is None:
                    more = False
                    break
                characters += rows.characters
                if rows.error is not None:
                    errors[len(cells)] = rows.error
                elif len(row) != len(names):
                    errors[len(cells)] = _other_width(row, len(names), rows.line)
                missing = len(names) - len(row)
                cells.append([*row, *[None] * missing] if missing > 0 else row)
            table = {
                name: _column([row[place] for row in cells], name, errors, options)
                for name, place in places
            }
            yield Block(pa.table(table) if table else None, errors, skipped)
            skipped = 0


def _column(
    values: list[str | None], name: str, errors: dict[int, str], options: InputOptions
) -> Any:
    array = text_array(values, name, errors, options.encoding)
    if name in options.types:
        return typed_column(array, _kind(name, options), name, errors)
    return array


def _kind(name: str, options: InputOptions) -> pa.DataType:
    if name not in options.types:
        return pa.string()
    stated = options.types[name]
    try:
        kind = pa.type_for_alias(stated)
        pa.nulls(1, pa.string()).cast(kind)
    except (ValueError, pa.ArrowNotImplementedError):
        raise InputError(
            f"The type {shown(stated)} of column {shown(name)} is not known. Name one of Arrow's: "
            "string, int64, float64, bool, date32, timestamp[s], ..."
        ) from None
    return kind


def _header(rows: _Rows, file: InputFile) -> list[str] | None:
    """Returns the names of the columns; None where the file has no line."""
    row = rows.next()
    if row is None:
        return None
    if rows.error is not None:
        raise InputError(
            f"{file.path}: its header cannot be read. {rows.error} Repair it, or name the "
            "delimiter and the encoding."
        )
    names = []
    for place, cell in enumerate(row, 1):
        if valid_text(cell) != cell:
            raise InputError(
                f"{file.path}: its header is not in the encoding that it is read in: "
                f"{shown(valid_text(cell))}. Name the right one with --encoding."
            )
        names.append(cell or f"column_{place}")
    return names


def _other_width(row: list[str], width: int, line: int) -> str:
    extra = f" The cells after them: {shown(row[width:])}." if len(row) > width else ""
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    return f"Line {line} has {cells} and the header {width}.{extra}"


class _TooLong(Exception):
    """A row without an end."""


class _Feed:
    """Lines as the parser takes them, those of a row that could not be read once more.

    Attributes:
        number: Of the last line.
        taken: Lines of the row in hand.
        characters: In these.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.number = 0
        self.taken: list[str] = []
        self.characters = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._lines.next()
        if not line:
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self.characters += len(line)
        if self.characters >= LONGEST_ROW:
            raise _TooLong
        return line

    def begin_row(self) -> None:
        """Forgets the lines of the last row."""
        self.taken.clear()
        self.characters = 0

    def return_all_but_first(self) -> None:
        """Gives the lines of the row in hand again, its first one left out."""
        self._again.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1


class _Rows:
    """Rows of a CSV file; after one that cannot be read, from its second line on.

    Attributes:
        line: Number of the line in which the last row began.
        error: Why the last row cannot be read; None where it can.
    """

    def __init__(self, lines: Lines, delimiter: str) -> None:
        if len(delimiter) != 1 or delimiter in '\r\n"':
            raise InputError(
                f"The delimiter {shown(delimiter)} is not one character. Name another one."
            )
        # The limit of the process; its own is 128 KiB.
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))
        self._feed = _Feed(lines)
        self._reader = csv.reader(self._feed, delimiter=delimiter, strict=True)
        self.line = 0
        self.error: str | None = None

    @property
    def characters(self) -> int:
        """Of the last row."""
        return self._feed.characters

    def next(self) -> list[str] | None:
        """Returns the cells of the next row; None after the last one."""
        while True:
            self._feed.begin_row()
            self.line = self._feed.number + 1
            self.error = None
            try:
                row = next(self._reader)
            except StopIteration:
                return None
            except _TooLong:
                reason = f"has no end within {LONGEST_ROW} characters"
            except csv.Error as error:
                reason = f"cannot be read ({error})"
            else:
                if row:
                    return row
                continue
            first = self._feed.taken[0]
            self._feed.return_all_but_first()
            self.error = (
                f"The row of line {self.line} {reason}; a quote may be missing. The line is left "
                f"out: {shown(valid_text(first[:200]))}"
            )
            return []
