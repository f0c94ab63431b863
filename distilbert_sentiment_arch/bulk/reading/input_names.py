"""Formats and compressions, as the names of files tell them."""

from __future__ import annotations

import posixpath
from typing import Literal

from distilbert_sentiment_arch.bulk.options import InputFormat, InputOptions
from distilbert_sentiment_arch.errors import InputError

Compression = Literal["gzip", "bz2", "zstd", "lz4", "brotli", "xz"]

SUFFIXES: dict[str, InputFormat] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
    ".text": "text",
    ".arrow": "arrow",
    ".feather": "arrow",
}

COMPRESSIONS: dict[str, Compression] = {
    ".gz": "gzip",
    ".gzip": "gzip",
    ".bz2": "bz2",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".lz4": "lz4",
    ".br": "brotli",
    ".xz": "xz",
}

STDIN = "-"


def suffix_of(path: str) -> str:
    """Returns the suffix of a path that tells its format, in small letters, with the dot."""
    name = posixpath.basename(path.partition("?")[0]).lower()
    stem, suffix = posixpath.splitext(name)
    return posixpath.splitext(stem)[1] if suffix in COMPRESSIONS else suffix


def compression_of(path: str) -> Compression | None:
    """Returns the compression that the last suffix of a path tells."""
    return COMPRESSIONS.get(posixpath.splitext(path.partition("?")[0].lower())[1])


def format_of(path: str, options: InputOptions) -> InputFormat:
    """Returns the format that a file is read in.

    Raises:
        InputError: Neither the options nor the name tell it.
    """
    if options.format is not None:
        return options.format
    if path == STDIN:
        raise InputError(
            "-: standard input has no name that tells its format. Name it with --input-format."
        )
    if (known := SUFFIXES.get(suffix_of(path))) is not None:
        return known
    raise InputError(
        f"{path}: its name does not tell its format. Known are {', '.join(SUFFIXES)}, each also "
        f"with {', '.join(COMPRESSIONS)}. Name the format with --input-format."
    )


def delimiter_of(path: str, options: InputOptions) -> str:
    r"""Returns what stands between the cells of a CSV file: a tab in ``.tsv`` unless stated.

    A tab may be written as ``\t``, which a shell does not turn into one.
    """
    if options.delimiter == "," and suffix_of(path) == ".tsv":
        return "\t"
    return "\t" if options.delimiter == "\\t" else options.delimiter
