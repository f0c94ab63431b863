"""Columns and rows of a file, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputFormat, InputOptions
from distilbert_sentiment_arch.bulk.reading import (
    arrow,
    comma_separated,
    json_lines,
    parquet,
    text_lines,
)
from distilbert_sentiment_arch.bulk.reading.blocks import Block
from distilbert_sentiment_arch.bulk.reading.columns import (
    Columns,
    check_schema,
    choose_columns,
    common_type,
    text_columns,
)
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.input_names import format_of
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown


@dataclass(frozen=True)
class _Format:
    """How files of a format are read.

    Attributes:
        file_schema: All columns of a file; None where it has neither a header nor a row.
        read_blocks: The columns given, the types of those kept, and how many rows are passed over.
        count_rows: Its rows; None where all would have to be read.
    """

    file_schema: Callable[[InputFile, InputOptions], pa.Schema | None]
    read_blocks: Callable[[InputFile, InputOptions, Columns, pa.Schema, int], Iterator[Block]]
    count_rows: Callable[[InputFile, InputOptions], int] | None = None


_FORMATS: dict[InputFormat, _Format] = {
    "parquet": _Format(parquet.file_schema, parquet.read_blocks, parquet.count_rows),
    "csv": _Format(comma_separated.file_schema, comma_separated.read_blocks),
    "jsonl": _Format(json_lines.file_schema, json_lines.read_blocks),
    "text": _Format(text_lines.file_schema, text_lines.read_blocks),
    "arrow": _Format(arrow.file_schema, arrow.read_blocks),
}


MOST_COMPARED = 10_000
"""Files whose columns are compared before a job begins; of more, those at even distances."""

_READ_AT_ONCE = 16


def read_schema(file: InputFile, options: InputOptions) -> pa.Schema:
    """Returns the columns of a file that the output keeps, with their types.

    Raises:
        InputError: The file cannot be read, or has not the columns that were asked for.
    """
    return _kept(file, options) or _asked(options)


def read_common_schema(files: Sequence[InputFile], options: InputOptions) -> pa.Schema:
    """Returns the columns that the output keeps of all files, in types that hold all their values.

    JSON has no types of its own: where the first file is JSON lines, its rows say what the columns
    of the other ones are; what these have beside is left out, and what they lack is null.

    Raises:
        InputError: A file cannot be read, or two differ in a column.
    """
    remaining = iter(files)
    for first in remaining:
        if (schema := _kept(first, options)) is not None:
            break
    else:
        return _asked(options)
    rest = list(remaining)
    if format_of(first.path, options) == "jsonl":
        rest = [file for file in rest if format_of(file.path, options) != "jsonl"]
    rest = rest[:: max(1, -(-len(rest) // MOST_COMPARED))]
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        for file, found in zip(
            rest, pool.map(lambda each: _kept(each, options), rest), strict=True
        ):
            if found is not None:
                schema = _together(schema, found, first, file)
    return schema


def count_rows(file: InputFile, options: InputOptions) -> int | None:
    """Returns the rows of a file; None where all of it would have to be read.

    Raises:
        InputError: The file cannot be read.
    """
    count = _format(file, options).count_rows
    return None if count is None else count(file, options)


def read_blocks(
    file: InputFile, options: InputOptions, columns: Columns, kept: pa.Schema, skip: int
) -> Iterator[Block]:
    """Reads the rows of a file after the first ``skip``.

    Args:
        file: The file.
        options: How it is read.
        columns: Those to read.
        kept: Types of those that the output keeps.
        skip: Rows at the beginning that are not wanted.

    Raises:
        InputError: The file cannot be read, not further, or has other columns.
    """
    for block in _format(file, options).read_blocks(file, options, columns, kept, skip):
        if block.table is not None:
            _check_types(block.table.schema, kept, file)
        yield block


def _format(file: InputFile, options: InputOptions) -> _Format:
    return _FORMATS[format_of(file.path, options)]


def _kept(file: InputFile, options: InputOptions) -> pa.Schema | None:
    whole = _format(file, options).file_schema(file, options)
    if whole is None:
        return None
    columns = choose_columns(whole.names, options, file.path)
    check_schema(whole, columns, file.path)
    return pa.schema([pa.field(name, whole.field(name).type) for name in columns.kept])


def _asked(options: InputOptions) -> pa.Schema:
    """The columns of files that say nothing, as text."""
    names = text_columns(options) if options.keep is None else options.keep
    return pa.schema([(name, pa.string()) for name in dict.fromkeys(names)])


def _together(schema: pa.Schema, other: pa.Schema, first: InputFile, file: InputFile) -> pa.Schema:
    for name in dict.fromkeys((*schema.names, *other.names)):
        if name not in other.names or name not in schema.names:
            owner, lacking = (first, file) if name in schema.names else (file, first)
            raise InputError(
                f"{lacking.path}: has no column {shown(name)}, which {owner.path} has. Name the "
                "columns that the output keeps with --keep, or score these files on their own.",
                "keep",
            )
    fields = []
    for field in schema:
        kind = common_type(field.type, other.field(field.name).type)
        if kind is None:
            raise _other_type(field.name, field.type, other.field(field.name).type, first, file)
        fields.append(field.with_type(kind))
    return pa.schema(fields)


def _check_types(found: pa.Schema, kept: pa.Schema, file: InputFile) -> None:
    """Checks that the columns of a file can have the types that the output has."""
    for field in kept:
        kind = found.field(field.name).type
        if pa.types.is_dictionary(kind) and not pa.types.is_dictionary(field.type):
            kind = kind.value_type
        if common_type(field.type, kind) != field.type:
            raise _other_type(field.name, field.type, kind, None, file)


def _other_type(
    name: str, kind: pa.DataType, other: pa.DataType, first: InputFile | None, file: InputFile
) -> InputError:
    return InputError(
        f"{file.path}: column {shown(name)} holds {other}, and {kind} in "
        f"{'files before it' if first is None else first.path}. Leave it out with --keep, or score "
        "these files on their own.",
        "keep",
    )
