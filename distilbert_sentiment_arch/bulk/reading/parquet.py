"""Parquet: row groups read page by page, and only those that the rows asked for are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.blocks import Block
from distilbert_sentiment_arch.bulk.reading.columns import Columns, check_schema
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.streams import open_seekable, readable

_BATCH_ROWS = 512
_BATCH_BYTES = 8 * 2**20
_LARGE_GROUP = 2**28

# Most bytes of a dictionary, as other programs write it.
_DICTIONARY = 2**21

# What is read of a column at once; without it a whole column chunk is.
_BUFFER = 2**20


@contextmanager
def _open(file: InputFile) -> Iterator[Any]:
    with readable(file), open_seekable(file) as source:
        yield source


def _parquet(source: Any, **options: Any) -> Any:
    return pq.ParquetFile(source, buffer_size=_BUFFER, pre_buffer=False, **options)


def file_schema(file: InputFile, options: InputOptions) -> pa.Schema:
    """Returns all columns of a file."""
    with _open(file) as source:
        return _parquet(source).schema_arrow


def count_rows(file: InputFile, options: InputOptions) -> int:
    """Returns the rows of a file, from its footer."""
    with _open(file) as source:
        return int(_parquet(source).metadata.num_rows)


def read_blocks(
    file: InputFile, options: InputOptions, columns: Columns, kept: pa.Schema, skip: int
) -> Iterator[Block]:
    """Reads the rows of a file, in the types that it has.

    Args:
        file: The file.
        options: How it is read.
        columns: Those to read.
        kept: Types of those that the output keeps.
        skip: Rows at the beginning that are not wanted.
    """
    names = list(columns.read)
    with _open(file) as source:
        parquet = _parquet(source)
        check_schema(parquet.schema_arrow, columns, file.path)
        schema, metadata = parquet.schema_arrow, parquet.metadata
        places = {parquet.schema.column(i).path: i for i in range(len(parquet.schema))}
        strings = {
            name: places[name]
            for name in names
            if pa.types.is_string(schema.field(name).type)
            or pa.types.is_binary(schema.field(name).type)
        }
        skipped = 0
        for group in range(metadata.num_row_groups):
            rows = metadata.row_group(group).num_rows
            if rows <= skip - skipped:
                skipped += rows
                continue
            part = {"row_groups": [group], "columns": names, "use_threads": False}
            # Damage in a footer is an error where rows are read, and the end of the process where
            # the sizes of a column are asked for.
            next(parquet.iter_batches(batch_size=1, **part), None)
            reader = parquet
            if dictionaries := _dictionaries(metadata.row_group(group), strings):
                reader = _parquet(source, metadata=metadata, read_dictionary=dictionaries)
            for batch in reader.iter_batches(_batch_rows(metadata.row_group(group)), **part):
                passed = min(batch.num_rows, skip - skipped)
                skipped += passed
                if passed < batch.num_rows:
                    table = pa.Table.from_batches([batch.slice(passed)]).select(names)
                    yield Block(table, skipped=skipped)
                    skip = skipped = 0
        yield Block(None, skipped=skipped)


def _batch_rows(group: Any) -> int:
    """Returns how many rows are decoded at once, fewer where cells are large."""
    rows = max(1, int(group.num_rows))
    most = _BATCH_ROWS if group.total_byte_size <= _LARGE_GROUP else _BATCH_ROWS // 8
    return max(1, min(most, _BATCH_BYTES * rows // max(1, int(group.total_byte_size))))


def _dictionaries(group: Any, strings: Mapping[str, int]) -> list[str]:
    """Returns the columns of strings that are stored as a dictionary of long ones and no more.

    They are read as one, too: a text that stands in many rows would take its bytes in each, which
    the size of the column does not tell. Where a dictionary has become too large, a file goes on
    without one, and the size tells enough; to make a dictionary of the rest would take all memory.
    """
    return [
        name
        for name, place in strings.items()
        if _has_long_cells(group.column(place)) and _is_dictionary(group.column(place))
    ]


def _has_long_cells(column: Any) -> bool:
    """Whether cells may be so long that a batch of them takes much memory."""
    return int(column.total_uncompressed_size) > _BATCH_BYTES // _BATCH_ROWS


def _is_dictionary(column: Any) -> bool:
    """Whether all of a column can be in its dictionary, with an index of four bytes a row."""
    size = _DICTIONARY + 4 * int(column.num_values)
    return bool(column.has_dictionary_page) and int(column.total_uncompressed_size) <= size
