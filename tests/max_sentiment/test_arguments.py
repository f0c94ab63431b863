"""Arguments of the public API, refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.classify.interface import Truncation
from max_sentiment import CheckpointError, InputError
from max_sentiment.arguments import is_missing, model_options
from max_sentiment.ray import ScoreTexts


def test_arguments_are_the_options_of_a_job() -> None:
    found = model_options(Path("a/model"), "main", "int8", "mvp-29", "window")
    assert found == ModelOptions("a/model", "main", "int8", Truncation("window"), fallback="mvp-29")


def test_the_actor_class_refuses_wrong_ones_before_it_loads_a_model() -> None:
    with pytest.raises(InputError, match="'middle'; possible are start, end, window"):
        ScoreTexts(truncation="middle")  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="'int4' is not known: name one of float32"):
        ScoreTexts(precision="int4")  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="'vader' is not known: name one of afinn-111"):
        ScoreTexts(fallback="vader")


@pytest.mark.parametrize("value", [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT], ids=repr)
def test_what_libraries_have_where_there_is_no_value_is_missing(value: object) -> None:
    assert is_missing(value)


@pytest.mark.parametrize("value", ["", "nan", 0, 0.0, np.array([1.0]), []], ids=repr)
def test_other_values_are_not_missing(value: object) -> None:
    assert not is_missing(value)
