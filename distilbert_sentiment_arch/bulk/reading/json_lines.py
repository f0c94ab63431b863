"""JSON lines: a row an object, a column a key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.blocks import BLOCK_CHARACTERS, BLOCK_ROWS, Block
from distilbert_sentiment_arch.bulk.reading.cells import text_array, valid_text
from distilbert_sentiment_arch.bulk.reading.columns import Columns
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.json_types import array_of, column_type
from distilbert_sentiment_arch.bulk.reading.streams import (
    BEGINNING,
    LONGEST_ROW,
    Lines,
    open_lines,
)
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown

_SCHEMA_ROWS = 10_000

# Arrow's files name types nested up to 64 times, and Python follows each level by several calls.
_MOST_LEVELS = 50
_ABSENT = object()


def file_schema(file: InputFile, options: InputOptions) -> pa.Schema | None:
    """Returns the columns of the rows at the beginning of a file, in the order in which they come.

    These are its first 10,000 rows, or those in its first 4 MiB if there are fewer.

    Returns:
        The columns; None where the file has no row.

    Raises:
        InputError: No row among them is an object.
    """
    objects: list[dict[str, Any]] = []
    characters = 0
    first_error = None
    with open_lines(file, options.encoding, "\n", beginning=True) as lines:
        parser = _Parser()
        while len(objects) < _SCHEMA_ROWS and characters < BEGINNING:
            line = lines.next()
            if not line:
                break
            characters += len(line)
            if line.isspace():
                continue
            value, error = parser.parse(line, lines)
            if value is None:
                first_error = first_error or error
            else:
                objects.append(value)
    if not objects and first_error is not None:
        raise InputError(
            f"{file.path}: no line of its beginning is a JSON object. {first_error} Make each row "
            "an object on a line of its own, as jq -c '.[]' does with an array."
        )
    if not objects:
        return None
    names = dict.fromkeys(name for each in objects for name in each)
    return pa.schema([(name, column_type([each.get(name) for each in objects])) for name in names])


def read_blocks(
    file: InputFile, options: InputOptions, columns: Columns, kept: pa.Schema, skip: int
) -> Iterator[Block]:
    """Reads the rows of a file.

    A missing key is null. Text columns keep other values as JSON; in columns of another type what
    does not fit is null, with the reason in ``errors``. A line that is no object, or names a key
    twice, has its reason there, too. Blank lines are no rows.

    Args:
        file: The file.
        options: How it is read.
        columns: Those to read.
        kept: Those that the output keeps, with the types that they get.
        skip: Rows at the beginning that are not wanted.
    """
    types = {name: pa.string() for name in columns.texts} | {each.name: each.type for each in kept}
    with open_lines(file, options.encoding, "\n") as lines:
        skipped = 0
        while skipped < skip and (line := lines.next()):
            skipped += not line.isspace()
        parser = _Parser()
        more = True
        while more:
            rows: list[dict[str, Any]] = []
            errors: dict[int, str] = {}
            characters = 0
            while len(rows) < BLOCK_ROWS and characters < BLOCK_CHARACTERS:
                line = lines.next()
                if not line:
                    more = False
                    break
                if line.isspace():
                    continue
                characters += len(line)
                value, error = parser.parse(line, lines)
                if error is not None:
                    errors[len(rows)] = error
                rows.append(value or {})
            for name in columns.texts:
                _check_texts(rows, name, errors)
            table = {
                name: _column([row.get(name) for row in rows], name, types[name], errors, options)
                for name in columns.read
            }
            yield Block(pa.table(table), errors, skipped)
            skipped = 0


def _column(
    values: list[Any],
    name: str,
    kind: pa.DataType,
    errors: dict[int, str],
    options: InputOptions,
) -> Any:
    if kind == pa.string():
        return text_array(
            [value if value is None or type(value) is str else _as_json(value) for value in values],
            name,
            errors,
            options.encoding,
        )
    return array_of(values, kind, name, errors)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _check_texts(rows: Sequence[dict[str, Any]], name: str, errors: dict[int, str]) -> None:
    for place, row in enumerate(rows):
        value = row.get(name, _ABSENT)
        if type(value) is str or place in errors:
            continue
        if value is _ABSENT:
            errors[place] = f"The key {shown(name)} is missing."
        elif value is not None:
            errors[place] = f"{shown(name)} is {shown(value)}, which is no text."


class _Parser:
    """Lines as objects."""

    def __init__(self) -> None:
        self._twice: list[str] = []
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)

    def parse(self, line: str, lines: Lines) -> tuple[dict[str, Any] | None, str | None]:
        """Returns the object of a line, and what is wrong with it."""
        number = lines.number
        if lines.cut:
            return None, f"Line {number} has over {LONGEST_ROW} characters; it is left out."
        try:
            value = self._decoder.decode(line)
        except (ValueError, RecursionError) as error:
            return None, f"Line {number} is no JSON ({_reason(error)}): {_shown(line)}."
        if type(value) is not dict:
            return None, f"Line {number} is no JSON object: {_shown(line)}."
        if _is_deep(line, value):
            self._twice.clear()
            return None, f"Line {number} is nested more than {_MOST_LEVELS} times: {_shown(line)}."
        if (not line.isascii() or "\\u" in line) and (key := _invalid_key(value)) is not None:
            self._twice.clear()
            return None, f"Line {number} has a key that is no Unicode: {shown(valid_text(key))}."
        if self._twice:
            error_text = f"Line {number} has the key {shown(self._twice[0])} twice."
            self._twice.clear()
            return value, error_text
        return value, None

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            self._twice.append(next(name for name in names if names.count(name) > 1))
        return found


def _is_deep(line: str, value: Any) -> bool:
    """Whether a value has more levels than a column can have."""
    if line.count("[") + line.count("{") <= _MOST_LEVELS:
        return False
    level = [value]
    for _ in range(_MOST_LEVELS):
        nested = (each.values() if type(each) is dict else each for each in level)
        level = [each for some in nested for each in some if type(each) in (dict, list)]
        if not level:
            return False
    return True


def _invalid_key(value: Any) -> str | None:
    """Returns a key, at any depth, that has a lone surrogate; None if there is none."""
    if type(value) is list:
        return next(filter(None, map(_invalid_key, value)), None)
    if type(value) is not dict:
        return None
    for key, each in value.items():
        if valid_text(key) != key:
            return str(key)
        if (found := _invalid_key(each)) is not None:
            return found
    return None


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, json.JSONDecodeError) else str(error)[:100]


def _shown(line: str) -> str:
    return shown(valid_text(line[:200].rstrip("\r\n")))
