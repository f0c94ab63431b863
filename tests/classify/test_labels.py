"""Conversion of logits to probabilities, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType

ROWS = [[0.1, -2.0, 3.5], [1000.0, -1000.0, 999.0], [0.0, 0.0, 0.0]]


def label_set(problem_type: ProblemType) -> LabelSet:
    return LabelSet(("A", "B", "C"), problem_type)


@pytest.mark.parametrize("row", ROWS)
def test_single_label_is_a_softmax(row: list[float]) -> None:
    scores = label_set("single_label_classification").scores(row)
    np.testing.assert_allclose(scores, softmax(np.array(row)), atol=1e-15)
    assert sum(scores) == pytest.approx(1)


@pytest.mark.parametrize("row", ROWS)
def test_multi_label_is_a_sigmoid_of_each_logit(row: list[float]) -> None:
    scores = label_set("multi_label_classification").scores(row)
    np.testing.assert_allclose(scores, expit(np.array(row)), atol=1e-15)


def test_regression_keeps_its_logits() -> None:
    assert label_set("regression").scores(ROWS[0]) == ROWS[0]


def test_best_is_the_highest_logit() -> None:
    assert [label_set("single_label_classification").best(row) for row in ROWS] == ["C", "A", "A"]
