"""Types of the columns of JSON rows, and values as arrays of these types."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.messages import shown

_LARGEST = 2**63


class _NoOneType(Exception):
    """Values of several types."""


def column_type(values: Sequence[Any]) -> pa.DataType:
    """Returns the one type that holds all values exactly; a string where there is none.

    Booleans, whole numbers (64 bits), numbers, strings, lists and objects with the same keys have
    one; values of several types, whole numbers that are larger, and null alone have none.
    """
    try:
        kind = _known(_merged(_kind(value) for value in values))
    except _NoOneType:
        return pa.string()
    return kind if all(_fits(value, kind) for value in values) else pa.string()


def array_of(values: Sequence[Any], kind: pa.DataType, name: str, errors: dict[int, str]) -> Any:
    """Returns values as an array; one that does not fit is null.

    Args:
        values: Of one column, as Python's JSON parser makes them.
        kind: A type of ``column_type``.
        name: Name of the column, for messages.
        errors: Reasons by place, added to.
    """
    fitting = values
    if not all(_fits(value, kind) for value in values):
        fitting = []
        for row, value in enumerate(values):
            fits = _fits(value, kind)
            if not fits:
                errors.setdefault(
                    row, f"{shown(name)} is {shown(value)}, and the column holds {kind}."
                )
            fitting.append(value if fits else None)
    try:
        return pa.array(fitting, kind)
    except UnicodeEncodeError:
        pass
    cells: list[Any] = []
    for row, value in enumerate(fitting):
        try:
            pa.array([value], kind)
        except UnicodeEncodeError:
            errors.setdefault(row, f"{shown(name)} holds text that is no Unicode; it is left out.")
            value = None
        cells.append(value)
    return pa.array(cells, kind)


def _kind(value: Any) -> pa.DataType:
    if value is None:
        return pa.null()
    if isinstance(value, bool):
        return pa.bool_()
    if isinstance(value, int):
        return pa.int64()
    if isinstance(value, float):
        return pa.float64()
    if isinstance(value, str):
        return pa.string()
    if isinstance(value, list):
        return pa.list_(_merged(map(_kind, value)))
    return pa.struct([(name, _kind(each)) for name, each in value.items()])


def _merged(kinds: Iterable[pa.DataType]) -> pa.DataType:
    merged = pa.null()
    for kind in kinds:
        if kind != merged:
            merged = _both(merged, kind)
    return merged


def _both(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if pa.types.is_null(one):
        return other
    if pa.types.is_null(other) or one == other:
        return one
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(_both(one.value_type, other.value_type))
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        fields = {field.name: field.type for field in one}
        for field in other:
            fields[field.name] = _both(fields.get(field.name, pa.null()), field.type)
        return pa.struct(list(fields.items()))
    raise _NoOneType


def _known(kind: pa.DataType) -> pa.DataType:
    """Returns a type with strings where nothing is known, as of a key that is null in all rows."""
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_known(kind.value_type))
    if pa.types.is_struct(kind):
        if kind.num_fields == 0:
            # Parquet has no objects without keys.
            raise _NoOneType
        return pa.struct([field.with_type(_known(field.type)) for field in kind])
    return kind


def _fits(value: Any, kind: pa.DataType) -> bool:
    """Whether an array of a type holds a value exactly."""
    if value is None:
        return True
    if pa.types.is_boolean(kind):
        return type(value) is bool
    if pa.types.is_int64(kind):
        return type(value) is int and -_LARGEST <= value < _LARGEST
    if pa.types.is_float64(kind):
        if type(value) is int:
            return abs(value) <= 2**53
        return type(value) is float and not math.isinf(value)
    if pa.types.is_string(kind):
        return type(value) is str
    if pa.types.is_list(kind):
        return type(value) is list and all(_fits(each, kind.value_type) for each in value)
    if type(value) is not dict or not pa.types.is_struct(kind):
        return False
    types = {field.name: field.type for field in kind}
    return all(name in types and _fits(each, types[name]) for name, each in value.items())
