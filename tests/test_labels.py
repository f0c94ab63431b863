"""Logits to probabilities, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from distilbert_sentiment_arch.labels import LabelSet, ProblemType

LOGITS = np.array([[0.1, -2.0, 3.5], [1000.0, -1000.0, 999.0], [0.0, 0.0, 0.0]], np.float32)


def label_set(problem_type: ProblemType) -> LabelSet:
    return LabelSet(("A", "B", "C"), problem_type)


def test_single_label_is_a_softmax() -> None:
    scores = label_set("single_label_classification").scores(LOGITS)
    np.testing.assert_allclose(scores, softmax(LOGITS.astype(np.float64), axis=-1), atol=1e-15)
    np.testing.assert_allclose(scores.sum(-1), 1)


def test_multi_label_is_a_sigmoid_each() -> None:
    scores = label_set("multi_label_classification").scores(LOGITS)
    np.testing.assert_allclose(scores, expit(LOGITS.astype(np.float64)), atol=1e-15)


def test_regression_is_left_alone() -> None:
    np.testing.assert_array_equal(label_set("regression").scores(LOGITS), LOGITS)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 2, 3)])
def test_any_leading_shape(shape: tuple[int, ...]) -> None:
    scores = label_set("single_label_classification").scores(np.zeros(shape, np.float32))
    np.testing.assert_allclose(scores, np.full(shape, 1 / 3))


def test_best_is_the_highest_logit() -> None:
    assert [label_set("single_label_classification").best(row) for row in LOGITS] == ["C", "A", "A"]
