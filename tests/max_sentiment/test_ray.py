"""`ScoreTexts` on batches of each kind; `tests/bulk/cluster` has it in a pipeline of Ray."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from distilbert_sentiment_arch.errors import InputError
from max_sentiment import Classifier
from max_sentiment.ray import ScoreTexts

TEXTS = ["A good film.", None, "An awful plot.", "   "]
ANSWER = ["label", "score", "probabilities", "tokens", "tokens_read", "windows", "route", "error"]


@pytest.fixture(scope="module")
def score_texts() -> ScoreTexts:
    return ScoreTexts("afinn-111", text="review")


def test_an_arrow_table_has_the_columns_and_types_of_the_command(score_texts: ScoreTexts) -> None:
    batch = pa.table({"review": TEXTS, "id": [1, 2, 3, 4]}).replace_schema_metadata({"a": "b"})
    found = score_texts(batch)
    assert found.column_names == ["review", "id", *ANSWER]
    assert found.select(["review", "id"]) == batch
    assert found.schema.metadata == {b"a": b"b"}
    assert found.schema.field("probabilities").type == pa.list_(pa.float32(), 3)
    assert found.schema.field("tokens").type == pa.int32()
    errors = found.column("error").to_pylist()
    assert [each is None for each in errors] == [True, False, True, False]
    assert "'review'" in errors[1]
    assert found.column("label").to_pylist() == ["POSITIVE", None, "NEGATIVE", None]


def test_answers_are_those_of_the_classifier(score_texts: ScoreTexts) -> None:
    texts = [f"good {'bad ' * (row % 3)}film" for row in range(5000)]
    found = score_texts(pa.table({"review": texts}))
    expected = Classifier.load("afinn-111").columns(texts)
    for name in ANSWER:
        assert found.column(name).to_pylist() == expected[name], name


def test_arrays_stay_arrays(score_texts: ScoreTexts) -> None:
    found = score_texts({"review": np.array(TEXTS, object), "id": np.arange(4)})
    assert list(found) == ["review", "id", *ANSWER]
    assert found["probabilities"].shape == (4, 3)
    assert found["probabilities"].dtype == np.float32
    assert np.isnan(found["probabilities"]).all(axis=1).tolist() == [False, True, False, True]
    assert found["label"].tolist() == ["POSITIVE", None, "NEGATIVE", None]
    assert {len(column) for column in found.values()} == {4}


def test_a_frame_stays_a_frame(score_texts: ScoreTexts) -> None:
    frame = pd.DataFrame({"review": TEXTS}, index=[3, 5, 7, 9])
    found = score_texts(frame)
    assert list(found.columns) == ["review", *ANSWER]
    assert list(found.index) == [3, 5, 7, 9]
    assert found["label"].dropna().tolist() == ["POSITIVE", "NEGATIVE"]
    assert len(found["probabilities"].iloc[0]) == 3


def test_a_cell_that_is_no_text_is_a_row_with_a_reason(score_texts: ScoreTexts) -> None:
    cells = [pd.NA, pd.NaT, np.float32("nan"), np.array(["a", "b"]), 7, "Good."]
    found = score_texts(pd.DataFrame({"review": pd.Series(cells, dtype=object)}))
    errors = found["error"].tolist()
    assert all("has nothing here" in each for each in errors[:3])
    assert "has a ndarray here" in errors[3]
    assert "has a int here" in errors[4]
    assert found["label"].tolist()[5] == "POSITIVE"


def test_a_batch_without_rows_has_the_columns(score_texts: ScoreTexts) -> None:
    found = score_texts(pa.table({"review": pa.array([], pa.string())}))
    assert found.schema == score_texts(pa.table({"review": ["Good."]})).schema
    assert found.num_rows == 0


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (pa.table({"text": ["Good."]}), "no column 'review'.*Its columns: 'text'"),
        (pa.table({"review": ["Good."], "label": [1]}), "columns of its own named 'label'"),
    ],
    ids=["missing", "clash"],
)
def test_a_wrong_column_is_named(score_texts: ScoreTexts, batch: pa.Table, message: str) -> None:
    with pytest.raises(InputError, match=message):
        score_texts(batch)
