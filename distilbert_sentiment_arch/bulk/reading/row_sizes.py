"""Bytes that each row of a table takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Sizes = npt.NDArray[np.int64]


def row_sizes(table: pa.Table) -> Sizes:
    """Returns the bytes of each row of a table, ``(rows,)``; of a dictionary, of what it names."""
    sizes = np.zeros(table.num_rows, np.int64)
    for column in table.columns:
        start = 0
        for chunk in column.chunks:
            sizes[start : start + len(chunk)] += _sizes(chunk)
            start += len(chunk)
    return sizes


def _sizes(array: Any) -> Any:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _sizes(array.storage)
    if pa.types.is_dictionary(kind):
        values = np.append(_sizes(array.dictionary), 0)
        return values[_numbers(array.indices, len(values) - 1)]
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return _sizes(array.cast(pa.large_binary()))
    if pa.types.is_struct(kind):
        total = np.zeros(len(array), np.int64)
        for index in range(kind.num_fields):
            total += _sizes(array.field(index)[: len(array)])
        return total
    if pa.types.is_map(kind):
        return _list_sizes(_sizes(array.keys) + _sizes(array.items), array)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _list_sizes(_sizes(array.values), array)
    if pa.types.is_fixed_size_list(kind):
        return _sizes(array.flatten()).sum() // max(1, len(array)) + np.zeros(len(array), np.int64)
    if has_lengths(kind):
        return _numbers(pc.binary_length(array), 0)
    try:
        width = (kind.bit_width + 7) // 8
    except ValueError:
        width = array.nbytes // max(1, len(array))
    return np.full(len(array), width, np.int64)


def _list_sizes(values: Any, array: Any) -> Any:
    ends = np.concatenate(([0], np.cumsum(values)))
    offsets = array.offsets.to_numpy()
    return ends[offsets[1:]] - ends[offsets[:-1]]


def has_lengths(kind: pa.DataType) -> bool:
    """Whether each value of a type has a length in bytes of its own: strings and bytes."""
    return any(
        check(kind)
        for check in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_binary,
            pa.types.is_large_binary,
        )
    )


def _numbers(array: Any, null: int) -> Any:
    filled = pc.fill_null(pc.cast(array, pa.int64()), null)
    return filled.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
