"""Comprehensiveness and sufficiency, by hand and against a plain definition."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilbert_sentiment_arch.explain.text_units import split_words
from scripts.explaining.erasure import (
    SHARES,
    Erasure,
    aopc,
    erasure,
    left_texts,
    mean_of,
    ranking,
    taken,
)

TEN = "zero one two three four five six seven eight nine"


@pytest.mark.parametrize(
    ("units", "counts"),
    [
        (2, [1, 1, 1, 1, 1]),
        (10, [1, 1, 1, 2, 5]),
        (20, [1, 1, 2, 4, 10]),
        (21, [1, 2, 3, 5, 11]),
        (30, [1, 2, 3, 6, 15]),
        (100, [1, 5, 10, 20, 50]),
        (200, [2, 10, 20, 40, 100]),
    ],
)
def test_a_share_of_the_words_is_rounded_up(units: int, counts: list[int]) -> None:
    assert [taken(units, share) for share in SHARES] == counts


def test_the_first_words_are_deleted_or_are_what_is_left() -> None:
    pairs = list(left_texts(TEN, split_words(TEN), [9, 0, 5, 1, 2, 3, 4, 6, 7, 8]))
    without_nine = "zero one two three four five six seven eight"
    without_zero = "one two three four five six seven eight"
    assert pairs == [
        (without_nine, "nine"),
        (without_nine, "nine"),
        (without_nine, "nine"),
        (without_zero, "zero nine"),
        ("three four six seven eight", "zero one two five nine"),
    ]


def test_metrics_by_hand() -> None:
    # A model whose score is the sum of the words' numbers.
    numbers = dict(zip(TEN.split(), range(10), strict=True))

    def score(text: str) -> float:
        return float(sum(numbers[word] for word in text.split()))

    found = erasure(TEN, split_words(TEN), list(range(9, -1, -1)), score)
    assert found.comprehensiveness == [9, 9, 9, 17, 35]
    assert found.sufficiency == [36, 36, 36, 28, 10]
    assert aopc(found.comprehensiveness) == pytest.approx(15.8)
    assert aopc(found.sufficiency) == pytest.approx(29.2)
    worst = erasure(TEN, split_words(TEN), list(range(10)), score)
    assert worst.comprehensiveness == [0, 0, 0, 1, 10]
    assert mean_of([found, worst]).comprehensiveness == [4.5, 4.5, 4.5, 9.0, 22.5]


@given(st.permutations(range(7)))
def test_metrics_are_those_of_joined_words(order: list[int]) -> None:
    words = "not a bad film at all folks".split()

    def score(text: str) -> float:
        return sum(len(word) ** 2 for word in text.split()) / 7

    found = erasure(" ".join(words), split_words(" ".join(words)), order, score)
    for share, lost, missing in zip(
        SHARES, found.comprehensiveness, found.sufficiency, strict=True
    ):
        first = set(order[: max(1, round(share * 7 + 0.4999))])
        rest = " ".join(word for place, word in enumerate(words) if place not in first)
        alone = " ".join(word for place, word in enumerate(words) if place in first)
        assert lost == pytest.approx(score(" ".join(words)) - score(rest))
        assert missing == pytest.approx(score(" ".join(words)) - score(alone))


def test_high_values_come_first_and_equal_ones_by_chance() -> None:
    assert ranking([0.1, 3.0, -2.0, 1.0], random.Random(0)) == [1, 3, 0, 2]
    orders = {tuple(ranking([0.0, 1.0, 0.0, 0.0], random.Random(seed))) for seed in range(99)}
    assert len(orders) == 6
    assert {order[0] for order in orders} == {1}


def test_a_mean_of_one_is_itself() -> None:
    one = Erasure([1.0, 2.0], [3.0, 4.0])
    assert mean_of([one]) == one
