"""Formats as names tell them."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.input_names import (
    compression_of,
    delimiter_of,
    format_of,
)
from distilbert_sentiment_arch.errors import InputError


@pytest.mark.parametrize(
    ("name", "known", "compression"),
    [
        ("reviews.parquet", "parquet", None),
        ("a/b.c/REVIEWS.CSV", "csv", None),
        ("reviews.tsv.gz", "csv", "gzip"),
        ("reviews.jsonl.zst", "jsonl", "zstd"),
        ("reviews.ndjson.bz2", "jsonl", "bz2"),
        ("reviews.json.lz4", "jsonl", "lz4"),
        ("reviews.txt.xz", "text", "xz"),
        ("data-00000-of-00001.arrow", "arrow", None),
        ("s3://bucket/reviews.csv.gz?region=eu-west-1", "csv", "gzip"),
    ],
)
def test_a_name_tells_format_and_compression(
    name: str, known: str, compression: str | None
) -> None:
    assert format_of(name, InputOptions()) == known
    assert compression_of(name) == compression


def test_a_stated_format_comes_before_the_name() -> None:
    assert format_of("part-00000", InputOptions(format="csv")) == "csv"
    assert format_of("reviews.txt", InputOptions(format="jsonl")) == "jsonl"


@pytest.mark.parametrize("name", ["reviews", "reviews.xlsx", "reviews.gz", "-"])
def test_a_name_that_tells_no_format_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="--input-format") as error:
        format_of(name, InputOptions())
    assert str(error.value).startswith(f"{name}: ")


def test_tabs_stand_between_the_cells_of_tsv_unless_stated() -> None:
    assert delimiter_of("a.tsv", InputOptions()) == "\t"
    assert delimiter_of("a.tsv.gz", InputOptions()) == "\t"
    assert delimiter_of("a.tsv", InputOptions(delimiter=";")) == ";"
    assert delimiter_of("a.csv", InputOptions(delimiter="|")) == "|"
    assert delimiter_of("a.csv", InputOptions()) == ","
