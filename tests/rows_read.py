"""Rows of files as a job reads them, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.files import read_common_schema
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.bulk.reading.windows import read_windows
from distilbert_sentiment_arch.bulk.rows import Window


def windows_of(
    *inputs: str | Path, start: int = 0, end: int | None = None, **options: Any
) -> list[Window]:
    """Returns the windows of inputs, as a job reads them."""
    chosen = InputOptions(**options)
    files = find_files([str(each) for each in inputs], chosen)
    return list(read_windows(files, chosen, start, end, read_common_schema(files, chosen)))


def rows_of(*inputs: str | Path, **options: Any) -> Window:
    """Returns all rows of inputs as one window."""
    windows = windows_of(*inputs, **options)
    return Window(
        pa.concat_tables([each.table for each in windows]).combine_chunks(),
        [text for each in windows for text in each.texts],
        [error for each in windows for error in each.errors],
    )
