"""Columns of an input: which are scored, which are kept, and what was meant by a wrong name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown

_LISTED = 30


@dataclass(frozen=True)
class Columns:
    """Columns of a file that a job uses.

    Attributes:
        kept: Those that the output has, in its order.
        texts: What is scored: one column, or two of a pair.
    """

    kept: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def read(self) -> tuple[str, ...]:
        """All that has to be read."""
        return tuple(dict.fromkeys((*self.kept, *self.texts)))


def choose_columns(names: Sequence[str], options: InputOptions, path: str) -> Columns:
    """Chooses the columns of a file.

    Args:
        names: Its columns.
        options: What was asked for.
        path: The file, for messages.

    Raises:
        InputError: A column does not exist, or a chosen one exists twice.
    """
    kept = tuple(names) if options.keep is None else tuple(dict.fromkeys(options.keep))
    columns = Columns(kept, text_columns(options))
    check_columns(names, columns, path)
    return columns


def text_columns(options: InputOptions) -> tuple[str, ...]:
    """Returns the names of the columns that are scored, one or two of a pair."""
    return (options.text,) if options.text_pair is None else (options.text, options.text_pair)


def check_columns(names: Sequence[str], columns: Columns, path: str) -> None:
    """Checks that a file has columns.

    Args:
        names: Its columns.
        columns: Those that it must have, each once.
        path: The file, for messages.

    Raises:
        InputError: A column does not exist, or exists twice.
    """
    params = dict.fromkeys(columns.kept, "--keep")
    params.update(zip(columns.texts, ("--text", "--text-pair"), strict=False))
    for name, param in params.items():
        count = names.count(name)
        if count == 0:
            raise unknown_column(name, param, names, path)
        if count > 1:
            raise InputError(
                f"{path}: has {count} columns named {shown(name)}. Rename them, or name the "
                "columns that the output keeps with --keep.",
                param,
            )


def unknown_column(name: str, param: str, names: Sequence[str], path: str) -> InputError:
    """Returns the error of a column that a file has not, with the likeliest meant."""
    folded = {each.casefold().strip(): each for each in reversed(names)}
    close = [folded[each] for each in get_close_matches(name.casefold().strip(), folded, n=1)]
    meant = f" Was {shown(close[0])} meant?" if close else ""
    listed = ", ".join(shown(each) for each in names[:_LISTED]) or "none"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return InputError(
        f"{path}: has no column {shown(name)}.{meant} Its columns: {listed}{more}. Name one of "
        f"them with {param}.",
        param=param,
    )


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Returns a type that holds the values of two types exactly; None if there is none.

    Strings of any kind go together, and so do whole numbers, and numbers of 32 and 64 bits; null
    goes with everything.
    """
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if _is_string(one) and _is_string(other):
        return one
    if pa.types.is_integer(one) and pa.types.is_integer(other):
        return _common_integer(one, other)
    if pa.types.is_floating(one) and pa.types.is_floating(other):
        return max(one, other, key=lambda each: each.bit_width)
    return None


def _common_integer(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    if pa.types.is_signed_integer(one) == pa.types.is_signed_integer(other):
        return max(one, other, key=lambda each: each.bit_width)
    signed, unsigned = (one, other) if pa.types.is_signed_integer(one) else (other, one)
    kinds = (signed, pa.int16(), pa.int32(), pa.int64())
    wide = (each for each in kinds if each.bit_width >= signed.bit_width)
    return next((each for each in wide if each.bit_width > unsigned.bit_width), None)


def _is_string(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_string(kind.value_type)
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_text_type(kind: pa.DataType) -> bool:
    """Whether values of a type can be texts: strings or UTF-8 bytes, plain or in a dictionary."""
    if isinstance(kind, pa.BaseExtensionType):
        return is_text_type(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return is_text_type(kind.value_type)
    return any(
        check(kind)
        for check in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
            pa.types.is_fixed_size_binary,
            pa.types.is_null,
        )
    )


def check_schema(schema: pa.Schema, columns: Columns, path: str) -> None:
    """Checks that a file has columns, and that those that are scored hold texts.

    Raises:
        InputError: A column does not exist, exists twice, or holds something else.
    """
    check_columns(schema.names, columns, path)
    for name in columns.texts:
        kind = schema.field(name).type
        if not is_text_type(kind):
            texts = [each.name for each in schema if is_text_type(each.type)]
            listed = ", ".join(shown(each) for each in texts[:_LISTED]) or "none"
            raise InputError(
                f"{path}: column {shown(name)} holds {kind}, not text. Columns of text: {listed}."
            )
