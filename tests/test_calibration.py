"""The expected calibration error, against SciPy's and against a calculation by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.special
import scipy.stats

from scripts.calibration import expected_calibration_error, softmax


@pytest.mark.parametrize(("texts", "labels", "bins"), [(400, 2, 15), (1000, 5, 15), (50, 3, 10)])
def test_it_is_scipys_statistics_of_bins(texts: int, labels: int, bins: int) -> None:
    generator = np.random.default_rng(texts)
    logits = generator.normal(0, 3, (texts, labels))
    true = generator.integers(0, labels, texts)
    probabilities = softmax(logits)
    assert np.allclose(probabilities, scipy.special.softmax(logits, -1), rtol=1e-12)
    score, right = probabilities.max(-1), probabilities.argmax(-1) == true
    expected = 0.0
    edges = np.linspace(0, 1, bins + 1)
    count = scipy.stats.binned_statistic(score, score, "count", edges).statistic
    mean_score = scipy.stats.binned_statistic(score, score, "mean", edges).statistic
    share_right = scipy.stats.binned_statistic(score, right, "mean", edges).statistic
    for each in range(bins):
        if count[each]:
            expected += count[each] / texts * abs(share_right[each] - mean_score[each])
    found = expected_calibration_error(probabilities, true, bins)
    assert found == pytest.approx(expected, rel=1e-9)


def test_an_example_by_hand() -> None:
    # Scores of 0.9, 0.9, 0.6 and 0.55; all but the second are right. With 15 bins the first two are
    # in the 14th bin, 0.6 (the upper edge) and 0.55 both in the 9th.
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6], [0.55, 0.45]])
    by_hand = (abs(Fraction(1) - Fraction(18, 10)) + abs(Fraction(2) - Fraction(115, 100))) / 4
    assert expected_calibration_error(probabilities, [0, 0, 1, 0]) == pytest.approx(float(by_hand))


def test_scores_that_are_the_share_of_right_labels_have_no_error() -> None:
    probabilities = np.array([[0.75, 0.25]] * 4)
    assert expected_calibration_error(probabilities, [0, 0, 0, 1]) == pytest.approx(0)
    assert expected_calibration_error(probabilities, [1, 1, 1, 0]) == pytest.approx(0.5)


def test_large_logits_are_no_overflow() -> None:
    assert softmax(np.array([[1e4, -1e4]], dtype=np.float32)).tolist() == [[1.0, 0.0]]
