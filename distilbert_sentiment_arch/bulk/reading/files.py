"""Columns and rows of a file, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from distilbert_sentiment_arch.bulk.columns import Columns, check_text_types, choose_columns
from distilbert_sentiment_arch.bulk.input_files import InputFile
from distilbert_sentiment_arch.bulk.input_names import format_of
from distilbert_sentiment_arch.bulk.options import InputFormat, InputOptions
from distilbert_sentiment_arch.bulk.reading import (
    arrow,
    comma_separated,
    json_lines,
    parquet,
    text_lines,
)
from distilbert_sentiment_arch.bulk.reading.blocks import Block


@dataclass(frozen=True)
class _Format:
    """How files of a format are read.

    Attributes:
        file_schema: All columns of a file.
        read_blocks: The rows of a file, in columns of the names and types given, after those that
            are passed over.
        count_rows: Its rows; None where all would have to be read.
    """

    file_schema: Callable[[InputFile, InputOptions], pa.Schema]
    read_blocks: Callable[[InputFile, InputOptions, pa.Schema, int], Iterator[Block]]
    count_rows: Callable[[InputFile, InputOptions], int] | None = None


_FORMATS: dict[InputFormat, _Format] = {
    "parquet": _Format(parquet.file_schema, parquet.read_blocks, parquet.count_rows),
    "csv": _Format(comma_separated.file_schema, comma_separated.read_blocks),
    "jsonl": _Format(json_lines.file_schema, json_lines.read_blocks),
    "text": _Format(text_lines.file_schema, text_lines.read_blocks),
    "arrow": _Format(arrow.file_schema, arrow.read_blocks),
}


def read_schema(file: InputFile, options: InputOptions) -> pa.Schema:
    """Returns the columns of a file that the output keeps, with their types.

    Raises:
        InputError: The file cannot be read, or has not the columns that were asked for.
    """
    return columns_of(file, options)[1]


def columns_of(file: InputFile, options: InputOptions) -> tuple[Columns, pa.Schema, pa.Schema]:
    """Returns the columns that are used of a file, the schema of those kept, and of all read.

    Raises:
        InputError: As for ``read_schema``.
    """
    whole = _format(file, options).file_schema(file, options)
    columns = choose_columns(whole.names, options, file.path)
    check_text_types(whole, columns, file.path)
    fields = {name: pa.field(name, whole.field(name).type) for name in columns.read}
    kept = pa.schema([fields[name] for name in columns.kept])
    return columns, kept, pa.schema(list(fields.values()))


def count_rows(file: InputFile, options: InputOptions) -> int | None:
    """Returns the rows of a file; None where all of it would have to be read.

    Raises:
        InputError: The file cannot be read.
    """
    count = _format(file, options).count_rows
    return None if count is None else count(file, options)


def read_blocks(
    file: InputFile, options: InputOptions, wanted: pa.Schema, skip: int
) -> Iterator[Block]:
    """Reads the rows of a file after the first ``skip``.

    Raises:
        InputError: The file cannot be read, or not further.
    """
    return _format(file, options).read_blocks(file, options, wanted, skip)


def _format(file: InputFile, options: InputOptions) -> _Format:
    return _FORMATS[format_of(file.path, options)]
