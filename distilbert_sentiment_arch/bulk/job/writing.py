"""Files of a part: Parquet, JSON lines and CSV, the same bytes for the same rows."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from distilbert_sentiment_arch.bulk.job.schema import refuse_clash
from distilbert_sentiment_arch.bulk.options import OutputFormat
from distilbert_sentiment_arch.bulk.reading.row_sizes import has_lengths
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown

GROUP_ROWS = 4096
GROUP_BYTES = 16 * 2**20
"""A row group ends with the row that reaches either; a row is measured by the bytes of its text."""

SUFFIXES: dict[OutputFormat, str] = {"parquet": ".parquet", "jsonl": ".jsonl", "csv": ".csv"}


class PartWriter(Protocol):
    """A file that rows are written to in order; it is whole once it is closed."""

    def write(self, table: pa.Table) -> None:
        """Writes rows; how they are spread over calls does not change the file."""

    def close(self) -> None:
        """Ends the file."""


def open_writer(
    path: Path, output_format: OutputFormat, schema: pa.Schema, labels: Sequence[str]
) -> PartWriter:
    """Opens a file for the rows of a part."""
    if output_format == "parquet":
        return ParquetPart(path, schema)
    if output_format == "jsonl":
        return JsonLinesPart(path, labels)
    return CsvPart(path, schema, labels)


def check_schema(schema: pa.Schema, output_format: OutputFormat, labels: Sequence[str]) -> None:
    """Checks that rows of a schema can be written.

    Raises:
        InputError: A column has a type that the format lacks, or the name of one of the answer.
    """
    if output_format == "csv":
        columns = set(schema.names) - {"probabilities"}
        refuse_clash([*columns], probability_columns(labels))
    for field in schema:
        try:
            if output_format == "parquet":
                pq.write_table(pa.schema([field]).empty_table(), pa.BufferOutputStream())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid, OSError) as error:
            raise InputError(
                f"The column {shown(field.name)} of type {field.type} cannot be written as "
                f"{output_format}: {error}. Leave it out with --keep, or write --format jsonl.",
                "keep",
            ) from error


class ParquetPart:
    """A Parquet file whose row groups follow from the rows alone."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0

    def write(self, table: pa.Table) -> None:
        """See ``PartWriter``."""
        start = 0
        for end in self._ends(row_bytes(table)):
            self._waiting.append(table.slice(start, end - start))
            self._write_group()
            start = end
        if start < len(table):
            self._waiting.append(table.slice(start))

    def close(self) -> None:
        """See ``PartWriter``."""
        try:
            if self._waiting:
                self._write_group()
        finally:
            self._writer.close()

    def _ends(self, sizes: np.ndarray[Any, np.dtype[np.int64]]) -> Iterator[int]:
        """Yields the rows before which a row group ends."""
        for index, size in enumerate(sizes.tolist()):
            self._rows += 1
            self._bytes += size
            if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
                self._rows = self._bytes = 0
                yield index + 1

    def _write_group(self) -> None:
        # One chunk: pages end at the ends of chunks, too.
        group = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting = []
        self._writer.write_table(group, row_group_size=max(1, len(group)))


def row_bytes(table: pa.Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Returns about how many bytes each row takes, ``(rows,)`` int64; from its own values only."""
    sizes = np.zeros(len(table), np.int64)
    for column in table.columns:
        kind = column.type
        if has_lengths(kind):
            lengths = pc.binary_length(column)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            lengths = pc.multiply(pc.list_value_length(column), 8)
        else:
            sizes += 8
            continue
        sizes += pc.fill_null(lengths, 0).to_numpy().astype(np.int64)
    return sizes


class JsonLinesPart:
    """A file with a JSON object a line; ``probabilities`` is an object with a number a label."""

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="\n")
        self._labels = labels

    def write(self, table: pa.Table) -> None:
        """See ``PartWriter``."""
        columns = {name: json_values(table.column(name)) for name in table.column_names}
        columns["probabilities"] = [
            None if each is None else dict(zip(self._labels, each, strict=True))
            for each in columns["probabilities"]
        ]
        names = list(columns)
        for row in zip(*columns.values(), strict=True):
            line = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
            self._file.write(f"{line}\n")

    def close(self) -> None:
        """See ``PartWriter``."""
        self._file.close()


class CsvPart:
    """A CSV file with a header; text is quoted, and a cell without a value is empty, not quoted."""

    def __init__(self, path: Path, schema: pa.Schema, labels: Sequence[str]) -> None:
        self._labels = labels
        empty = csv_table(schema.empty_table(), labels)
        self._writer = pyarrow.csv.CSVWriter(path, empty.schema)

    def write(self, table: pa.Table) -> None:
        """See ``PartWriter``."""
        self._writer.write_table(csv_table(table, self._labels))

    def close(self) -> None:
        """See ``PartWriter``."""
        self._writer.close()


def probability_columns(labels: Sequence[str]) -> list[str]:
    """Returns the names of the columns that hold the probabilities in CSV."""
    return [f"p_{label}" for label in labels]


def csv_table(table: pa.Table, labels: Sequence[str]) -> pa.Table:
    """Returns rows with a column a probability, and lists, objects and bytes as JSON text."""
    names: list[str] = []
    columns: list[pa.ChunkedArray | pa.Array] = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name == "probabilities":
            names += probability_columns(labels)
            columns += [pc.list_element(column, index) for index in range(len(labels))]
            continue
        names.append(name)
        if pa.types.is_nested(column.type):
            texts = [_json_text(each) for each in json_values(column)]
            columns.append(pa.array(texts, pa.string()))
        elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            columns.append(pa.array(json_values(column), pa.string()))
        else:
            columns.append(column)
    return pa.Table.from_arrays(columns, names=names)


def _json_text(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def json_values(column: pa.ChunkedArray) -> list[Any]:
    """Returns the values of a column as JSON has them.

    Numbers of 32 bits have the fewest digits that give the same number back; what is not finite is
    null. Bytes are base64, moments ISO 8601, decimals text.
    """
    kind = column.type
    if pa.types.is_float32(kind):
        return [_short(each) for each in column.to_pylist()]
    if pa.types.is_fixed_size_list(kind) and pa.types.is_float32(kind.value_type):
        return [None if row is None else [_short(x) for x in row] for row in column.to_pylist()]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(column)
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        return _texts(pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1))
    return [json_value(each) for each in column.to_pylist()]


def json_value(value: object) -> Any:
    """Returns a value as JSON has it, see ``json_values``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {str(key): json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(each) for each in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta | Decimal):
        return str(value)
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def _texts(column: pa.ChunkedArray) -> list[Any]:
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        # Parquet's texts are not checked by those who write them.
        found = column.cast(pa.large_binary()).to_pylist()
        return [None if each is None else each.decode("utf-8", "replace") for each in found]


def _short(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(str(np.float32(value)))
