"""Columns of the output: those of the input, then the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from distilbert_sentiment_arch.bulk.rows import ANSWER_COLUMNS, ScoredWindow, Scores
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown

EXPLANATION_COLUMN = "explanation"
METADATA_PREFIX = "max_sentiment."
"""In front of the keys that are added to the metadata of the input's schema."""


def output_schema(
    kept: pa.Schema, labels: Sequence[str], metadata: Mapping[str, Any], *, explained: bool
) -> pa.Schema:
    """Returns the schema of the parts.

    Args:
        kept: The input's columns that are kept.
        labels: One a probability, in their order.
        metadata: What made the answers, by name; values that are no text are written as JSON.
        explained: With a column of explanations.

    Raises:
        InputError: A column of the input has the name of one of the answer.
    """
    answer = answer_schema(len(labels), explained=explained)
    refuse_clash(kept.names, answer.names)
    fields = [pa.field(each.name, plain_type(each.type), True, each.metadata) for each in kept]
    described = {
        f"{METADATA_PREFIX}{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in metadata.items()
    }
    # What pandas wrote there names columns and types of the input's own table.
    known = {key: value for key, value in (kept.metadata or {}).items() if key != b"pandas"}
    return pa.schema([*fields, *answer], metadata=known | described)


def answer_schema(labels: int, *, explained: bool) -> pa.Schema:
    """Returns the columns of the answer."""
    types = {
        "score": pa.float32(),
        "probabilities": pa.list_(pa.float32(), labels),
        "tokens": pa.int32(),
        "tokens_read": pa.int32(),
        "windows": pa.int32(),
    }
    columns = [(name, types.get(name, pa.string())) for name in ANSWER_COLUMNS]
    if explained:
        columns.append((EXPLANATION_COLUMN, pa.string()))
    return pa.schema(columns)


def refuse_clash(kept: Sequence[str], answer: Sequence[str]) -> None:
    """Checks that no column has a name twice.

    Raises:
        InputError: One has.
    """
    twice = sorted({name for name in kept if kept.count(name) > 1})
    if twice:
        raise InputError(
            f"The input has several columns {shown(twice[0])}. Keep others with --keep.", "keep"
        )
    clash = [name for name in kept if name in answer]
    if clash:
        rest = ",".join(name for name in kept if name not in clash)
        remedy = f"--keep {rest}" if rest else "--keep with other columns"
        raise InputError(
            f"The output has columns of its own named {', '.join(map(shown, clash))}, and so has "
            f"the input. Leave the input's out with {remedy}, or rename them.",
            "keep",
        )


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Returns the type of a column's values, without the encoding that they arrived in.

    Which dictionary a part has would depend on how its rows were read, and its bytes with it.
    """
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    return kind


def output_table(scored: ScoredWindow, answers: Sequence[str], schema: pa.Schema) -> pa.Table:
    """Returns the rows of a window with their answers.

    Args:
        scored: Rows and answers.
        answers: Labels that a row may get.
        schema: Of the parts.
    """
    columns = [*scored.window.table.columns, *answer_arrays(scored.scores, answers).values()]
    return pa.Table.from_arrays(columns, schema=schema)


def answer_arrays(scores: Scores, answers: Sequence[str]) -> dict[str, pa.Array]:
    """Returns the columns of the answer by name."""
    unanswered = scores.best < 0
    labels = scores.probabilities.shape[1]
    # A word list in place of a model may give a label that has no probability.
    unscored = unanswered | (scores.best >= labels)
    flat = pa.array(np.ascontiguousarray(scores.probabilities, np.float32).reshape(-1))
    failed = pa.array(unanswered)
    columns = {
        "label": pa.array(answers, pa.string()).take(pa.array(scores.best, mask=unanswered)),
        "score": pa.array(scores.best_scores, pa.float32(), mask=unscored),
        "probabilities": pa.FixedSizeListArray.from_arrays(flat, labels, mask=failed),
        "tokens": pa.array(scores.tokens, pa.int32()),
        "tokens_read": pa.array(scores.tokens_read, pa.int32()),
        "windows": pa.array(scores.windows, pa.int32()),
        "route": pa.array(scores.routes, pa.string()),
        "error": pa.array(scores.errors, pa.string()),
    }
    if scores.explanations is not None:
        columns[EXPLANATION_COLUMN] = pa.array(scores.explanations, pa.string())
    return columns
