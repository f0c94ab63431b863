"""Plain text: a row a line, with one column."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.blocks import BLOCK_CHARACTERS, BLOCK_ROWS, Block
from distilbert_sentiment_arch.bulk.reading.cells import text_array
from distilbert_sentiment_arch.bulk.reading.columns import Columns, check_columns
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.streams import LONGEST_ROW, open_lines

COLUMN = "text"


def file_schema(file: InputFile, options: InputOptions) -> pa.Schema:
    """Returns the one column, ``text``."""
    return pa.schema([(COLUMN, pa.string())])


def read_blocks(
    file: InputFile, options: InputOptions, columns: Columns, kept: pa.Schema, skip: int
) -> Iterator[Block]:
    r"""Reads the lines of a file, each without its ``\n`` or ``\r\n``; an empty one is a row, too.

    Args:
        file: The file.
        options: How it is read.
        columns: The one column.
        kept: The same, if the output keeps it.
        skip: Lines at the beginning that are not wanted.
    """
    check_columns([COLUMN], columns, file.path)
    with open_lines(file, options.encoding, "\n") as lines:
        while lines.number < skip and lines.next():
            pass
        skipped = lines.number
        more = True
        while more:
            texts: list[str] = []
            errors: dict[int, str] = {}
            characters = 0
            while len(texts) < BLOCK_ROWS and characters < BLOCK_CHARACTERS:
                line = lines.next()
                if not line:
                    more = False
                    break
                characters += len(line)
                if lines.cut:
                    errors[len(texts)] = (
                        f"Line {lines.number} has over {LONGEST_ROW} characters; the rest is left "
                        "out."
                    )
                texts.append(line.removesuffix("\n").removesuffix("\r"))
            array = text_array(texts, COLUMN, errors, options.encoding)
            yield Block(pa.table([array], [COLUMN]), errors, skipped)
            skipped = 0
