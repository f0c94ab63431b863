"""Sums of a word list by unit: each term adds to the word that it is, or to those that it spans."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.classify.interface import Contribution, Sum
from distilbert_sentiment_arch.explain.own_sums import sums_of_units
from distilbert_sentiment_arch.explain.text_units import split_words


def test_terms_add_to_the_units_they_lie_in() -> None:
    text = "so-so, not good at all"
    parts = [
        Contribution(0, 2, [1.0], [0.5]),
        Contribution(3, 5, [2.0], [0.25]),
        Contribution(7, 15, [-4.0], [-1.0]),
    ]
    sums = sums_of_units(Sum([0.0], [0.0], parts), split_words(text))
    assert sums == [[3.0, 0.75], [-2.0, -0.5], [-2.0, -0.5], [0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize("spans", [[(0, 4)], [(0, 1), (1, 4)], [(0, 1), (2, 3), (3, 4)]])
def test_nothing_is_lost(spans: list[tuple[int, int]]) -> None:
    parts = [Contribution(start, end, [1.0], [1.0]) for start, end in ((0, 1), (0, 4), (3, 4))]
    sums = sums_of_units(Sum([0.0], [0.0], parts), spans)
    assert sum(row[0] for row in sums) == pytest.approx(3)
