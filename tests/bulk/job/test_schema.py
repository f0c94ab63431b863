"""Columns and metadata of the output."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from distilbert_sentiment_arch.bulk.job.schema import output_schema, output_table
from distilbert_sentiment_arch.bulk.rows import ScoredWindow, Scores, Window
from distilbert_sentiment_arch.errors import InputError

LABELS = ("NEGATIVE", "POSITIVE")
ANSWERS = (*LABELS, "NEUTRAL")


def schema(kept: pa.Schema, *, explained: bool = False, **metadata: object) -> pa.Schema:
    return output_schema(kept, LABELS, metadata, explained=explained)


def test_the_input_comes_first_and_its_types_stay() -> None:
    kept = pa.schema([("id", pa.int64()), ("tags", pa.list_(pa.string()))])
    found = schema(kept, explained=True)
    assert found.names[:4] == ["id", "tags", "label", "score"]
    assert found.names[-2:] == ["error", "explanation"]
    assert found.field("tags").type == kept.field("tags").type
    assert found.field("probabilities").type == pa.list_(pa.float32(), 2)


def test_metadata_tells_the_model_and_keeps_that_of_the_input_but_for_pandas() -> None:
    kept = pa.schema([("id", pa.int64())], metadata={"source": "crawl", "pandas": "{}"})
    found = schema(kept, model="mine", labels=list(LABELS), revision=None).metadata
    assert found[b"source"] == b"crawl"
    assert b"pandas" not in found
    assert found[b"max_sentiment.model"] == b"mine"
    assert json.loads(found[b"max_sentiment.labels"]) == list(LABELS)
    assert json.loads(found[b"max_sentiment.revision"]) is None


@pytest.mark.parametrize(
    "encoded",
    [
        pa.dictionary(pa.int8(), pa.string()),
        pa.run_end_encoded(pa.int32(), pa.string()),
        pa.string_view(),
    ],
    ids=str,
)
def test_encoded_columns_become_plain_ones(encoded: pa.DataType) -> None:
    assert schema(pa.schema([("kind", encoded)])).field("kind").type == pa.string()


def test_a_column_of_the_answer_is_refused_with_the_flag_that_leaves_it_out() -> None:
    kept = pa.schema([("id", pa.int64()), ("score", pa.int64()), ("text", pa.string())])
    with pytest.raises(InputError, match=r"'score'.*--keep id,text") as raised:
        schema(kept)
    assert raised.value.param == "keep"
    with pytest.raises(InputError, match="several columns 'id'"):
        schema(pa.schema([("id", pa.int64()), ("id", pa.int64())]))
    # Only a column where explanations were asked for.
    explained = pa.schema([("explanation", pa.string())])
    schema(explained)
    with pytest.raises(InputError, match="'explanation'"):
        schema(explained, explained=True)


def test_answers_stand_beside_their_rows() -> None:
    table = pa.table({"id": [7, 8, 9]})
    scores = Scores(
        probabilities=np.array([[0.25, 0.75], [np.nan, np.nan], [0.5, 0.5]], np.float32),
        best=np.array([1, -1, 2], np.int32),
        tokens=np.array([4, 0, 3], np.int32),
        tokens_read=np.array([3, 0, 3], np.int32),
        windows=np.array([1, 0, 1], np.int32),
        routes=["model", None, "lexicon"],
        errors=[None, "It is null.", None],
        explanations=['{"units": []}', None, None],
    )
    window = ScoredWindow(Window(table, ["a", None, "b"], [None, "It is null.", None]), scores)
    found = output_table(window, ANSWERS, schema(table.schema, explained=True)).to_pylist()
    common = {"tokens": 3, "tokens_read": 3, "windows": 1, "error": None, "explanation": None}
    assert found == [
        {
            **common,
            "id": 7,
            "label": "POSITIVE",
            "score": 0.75,
            "probabilities": [0.25, 0.75],
            "tokens": 4,
            "route": "model",
            "explanation": '{"units": []}',
        },
        {
            **common,
            "id": 8,
            "label": None,
            "score": None,
            "probabilities": None,
            "tokens": 0,
            "tokens_read": 0,
            "windows": 0,
            "route": None,
            "error": "It is null.",
        },
        # A label of the word list, which the model has no probability for.
        {
            **common,
            "id": 9,
            "label": "NEUTRAL",
            "score": None,
            "probabilities": [0.5, 0.5],
            "route": "lexicon",
        },
    ]
