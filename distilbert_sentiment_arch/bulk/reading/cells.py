"""Texts that are not valid Unicode, made so, and cells made values of a type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from distilbert_sentiment_arch.bulk.reading.columns import is_text_type
from distilbert_sentiment_arch.bulk.reading.streams import UNDECODABLE
from distilbert_sentiment_arch.messages import shown


def valid_text(text: str) -> str:
    r"""Returns a text with what is no Unicode written out, as ``\xff`` or ``\ud800``."""
    if text.isascii():
        return text
    if any("\udc00" <= each <= "\udcff" for each in text):
        text = "".join(
            f"\\x{ord(each) - 0xDC00:02x}" if "\udc00" <= each <= "\udcff" else each
            for each in text
        )
    return text.encode("utf-8", "backslashreplace").decode()


def text_array(
    values: Sequence[str | None], name: str, errors: dict[int, str], encoding: str
) -> Any:
    """Returns texts as an array of strings, and puts the invalid ones in ``errors`` by place."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        pass
    cleaned = []
    for row, value in enumerate(values):
        clean = value if value is None else valid_text(value)
        if clean != value and value is not None:
            errors.setdefault(row, _invalid(name, value, encoding))
        cleaned.append(clean)
    return pa.array(cleaned, pa.string())


def _invalid(name: str, text: str, encoding: str) -> str:
    place = next(i for i, each in enumerate(text) if "\ud800" <= each <= "\udfff")
    code = ord(text[place])
    if 0xDC00 <= code <= 0xDCFF:
        return f"{shown(name)} is no {encoding}: byte 0x{code - 0xDC00:02x} at character {place}."
    return f"{shown(name)} is no Unicode: a lone surrogate, \\u{code:04x}, at character {place}."


def valid_column(column: Any, name: str, errors: dict[int, str]) -> Any:
    """Returns a column whose strings are valid UTF-8; rows with others are put in ``errors``.

    Args:
        column: A chunked array.
        name: Its name, for messages.
        errors: Reasons by place, added to.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        pass
    else:
        return column
    if not is_text_type(column.type):
        return _without_invalid(column, name, errors)
    stored = column.cast(pa.large_binary())
    texts = [
        None if value is None else value.decode("utf-8", UNDECODABLE)
        for value in stored.to_pylist()
    ]
    return pa.chunked_array([text_array(texts, name, errors, "UTF-8").cast(column.type)])


def _without_invalid(column: Any, name: str, errors: dict[int, str]) -> Any:
    """Returns a column of lists or objects, with null where a string in one is not UTF-8."""
    rows = []
    for row in range(len(column)):
        # A slice would have the strings of all rows behind it.
        cell = column.take(pa.array([row]))
        try:
            cell.validate(full=True)
        except pa.ArrowInvalid:
            errors.setdefault(row, f"{shown(name)} holds text that is no UTF-8; it is left out.")
            cell = pa.chunked_array([pa.nulls(1, column.type)])
        rows.extend(cell.chunks)
    return pa.chunked_array(rows, column.type)


def typed_column(array: Any, kind: pa.DataType, name: str, errors: dict[int, str]) -> Any:
    """Returns cells of text as values of a type; empty ones are null, others that do not fit, too.

    Args:
        array: Strings.
        kind: The type.
        name: Name of the column, for messages.
        errors: Reasons by place, added to.
    """
    stripped = pc.utf8_trim_whitespace(array)
    cells = pc.if_else(pc.equal(stripped, ""), pa.scalar(None, pa.string()), stripped)
    try:
        return pc.cast(cells, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        pass
    values = []
    for row, cell in enumerate(cells):
        try:
            values.append(pc.cast(cell, kind))
        except pa.ArrowInvalid:
            errors.setdefault(row, f"{shown(name)} is {shown(cell.as_py())}, which is no {kind}.")
            values.append(pa.scalar(None, kind))
    return pa.array(values, kind)
