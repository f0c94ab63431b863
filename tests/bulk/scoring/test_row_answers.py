"""Answers as columns."""

from __future__ import annotations

import math

import numpy as np
import pytest

from distilbert_sentiment_arch.bulk.scoring.row_answers import RowAnswers, columns_of
from distilbert_sentiment_arch.classify.interface import Classification
from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType
from distilbert_sentiment_arch.errors import NonFiniteLogits
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list


def answers_of(logits: list[list[float]], **more: object) -> RowAnswers:
    numbers = np.ones(len(logits), dtype=np.int32)
    array = np.array(logits, dtype=np.float32)
    return RowAnswers(array, numbers, numbers, numbers, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("problem_type", "expected"),
    [
        ("regression", [0.5, -2.0, 3.25]),
        ("multi_label_classification", [1 / (1 + math.exp(-x)) for x in (0.5, -2.0, 3.25)]),
        (
            "single_label_classification",
            [math.exp(x) / sum(map(math.exp, (0.5, -2.0, 3.25))) for x in (0.5, -2.0, 3.25)],
        ),
    ],
)
def test_probabilities_follow_the_head(problem_type: ProblemType, expected: list[float]) -> None:
    labels = LabelSet(("a", "b", "c"), problem_type)
    scores = columns_of(answers_of([[0.5, -2.0, 3.25]]), labels, labels.names.index)
    np.testing.assert_allclose(scores.probabilities[0], expected, rtol=1e-6)
    assert scores.best.tolist() == [2]
    assert scores.best_scores[0] == scores.probabilities[0, 2]


def test_a_regression_of_one_value() -> None:
    labels = LabelSet(("stars",), "regression")
    scores = columns_of(answers_of([[4.5], [-1.0]]), labels, labels.names.index)
    assert scores.probabilities.tolist() == [[4.5], [-1.0]]
    assert scores.best.tolist() == [0, 0]


def test_rows_of_a_word_list_and_rows_without_an_answer() -> None:
    labels = LabelSet(("NEGATIVE", "POSITIVE"), "single_label_classification")
    stand_in = LexiconClassifier(embedded_word_list("mvp-29"), labels)
    good, neither = stand_in.classify_texts(["good", "a film"])
    answers = answers_of(
        [[0.0, 1.0], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2],
        failures={2: NonFiniteLogits()},
        of_list={1: good, 3: neither},
    )
    scores = columns_of(answers, labels, ("NEGATIVE", "POSITIVE", "NEUTRAL").index)
    assert scores.best.tolist() == [1, 1, -1, 2]
    assert scores.routes == ["model", "lexicon", None, "lexicon"]
    assert scores.errors == [None, None, str(NonFiniteLogits()), None]
    assert scores.probabilities[1].tolist() == np.float32(good.scores).tolist()
    assert np.isnan(scores.best_scores).tolist() == [False, False, True, True]
    first, listed, failed = (answers.classification(row, labels) for row in range(3))
    assert isinstance(first, Classification)
    assert (first.label, listed) == ("POSITIVE", good)
    assert isinstance(failed, NonFiniteLogits)
