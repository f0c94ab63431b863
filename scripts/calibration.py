"""Calibration of a classifier: whether its scores are the share of texts that it gets right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BINS = 15

Array = npt.NDArray[np.float64]


def softmax(logits: npt.NDArray[np.floating]) -> Array:
    """Returns the probability of each label, ``(texts, labels)``."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    result: Array = shifted / shifted.sum(-1, keepdims=True)
    return result


def expected_calibration_error(
    probabilities: Array, labels: Sequence[int] | npt.NDArray[np.int64], bins: int = BINS
) -> float:
    """Returns the mean distance between score and share of right labels (Guo et al. 2017).

    Texts are put into bins of equal width by the probability of the label given, a bin without its
    lower edge; each bin's distance counts by its number of texts.

    Args:
        probabilities: ``(texts, labels)``, at least one text.
        labels: Index of the true label of each text.
        bins: Number of bins between 0 and 1.
    """
    score = probabilities.max(-1)
    right = probabilities.argmax(-1) == np.asarray(labels)
    place = np.clip(np.ceil(score * bins).astype(int) - 1, 0, bins - 1)
    # A bin's count times the distance of its two means is the distance of its two sums.
    scores = np.bincount(place, weights=score, minlength=bins)
    rights = np.bincount(place, weights=right, minlength=bins)
    return float(np.abs(scores - rights).sum() / len(score))
