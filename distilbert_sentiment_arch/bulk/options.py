"""What a job is asked to do; plain values that travel to the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from distilbert_sentiment_arch.classify.interface import Truncation
from distilbert_sentiment_arch.explain.explanation import ExplainOptions
from distilbert_sentiment_arch.settings.precision import PrecisionSetting

InputFormat = Literal["parquet", "csv", "jsonl", "text", "arrow"]
INPUT_FORMATS: tuple[InputFormat, ...] = get_args(InputFormat)

OutputFormat = Literal["parquet", "jsonl", "csv"]
OUTPUT_FORMATS: tuple[OutputFormat, ...] = get_args(OutputFormat)

OnError = Literal["record", "stop"]
"""A row that cannot be scored: its reason is written in its ``error`` column, or the job ends."""
ON_ERROR: tuple[OnError, ...] = get_args(OnError)

PART_ROWS = 20_000
"""Rows of an output part, but for the last one of each unit."""


@dataclass(frozen=True)
class InputOptions:
    """How rows are read.

    Attributes:
        text: Column of the texts; lines of plain text have one column, ``text``.
        text_pair: Column of the second texts; None for single texts.
        keep: Columns that the output keeps; None for all.
        format: None takes it from each file's name.
        encoding: Of CSV, JSON lines and plain text, as Python names it.
        delimiter: Between the cells of a CSV file.
        types: Arrow types of columns of a CSV file, by name; other cells stay text.
    """

    text: str = "text"
    text_pair: str | None = None
    keep: tuple[str, ...] | None = None
    format: InputFormat | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelOptions:
    """What scores the rows, and how.

    Attributes:
        model: A directory, a hub id, the name of an embedded word list, or None for the embedded
            checkpoint.
        revision: Revision of a hub id.
        precision: What the linear layers are computed in; None for the setting of the environment.
        truncation: What is read of a text over the model's limit.
        explain: How to explain each answer; None for answers only.
        fallback: Name of an embedded word list that answers a row for which the model fails; None
            for none.
    """

    model: str | None = None
    revision: str | None = None
    precision: PrecisionSetting | None = None
    truncation: Truncation = Truncation("end")  # noqa: RUF009
    explain: ExplainOptions | None = None
    fallback: str | None = None


@dataclass(frozen=True)
class JobOptions:
    """A job: rows in, rows with labels out.

    Attributes:
        inputs: Files, globs, directories and URIs.
        output: Directory or URI of the parts.
        input: How rows are read.
        model: What scores them.
        format: Of the parts.
        on_error: What a row does that cannot be scored.
        part_rows: Rows of a part.
    """

    inputs: tuple[str, ...]
    output: str
    input: InputOptions = InputOptions()
    model: ModelOptions = ModelOptions()
    format: OutputFormat = "parquet"
    on_error: OnError = "record"
    part_rows: int = PART_ROWS
