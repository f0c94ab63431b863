"""Counts: kinds of errors, and sums."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from distilbert_sentiment_arch.bulk.job.counts import (
    MAX_KINDS,
    OTHER_ERRORS,
    Counts,
    count,
    error_kind,
)
from distilbert_sentiment_arch.bulk.rows import Scores

ANSWERS = ("NEGATIVE", "POSITIVE", "NEUTRAL")


def scores() -> Scores:
    return Scores(
        probabilities=np.array(
            [[0.93, 0.07], [0.25, 0.75], [0.5, 0.5], [np.nan, np.nan]], np.float32
        ),
        best=np.array([0, 1, 2, -1], np.int32),
        tokens=np.array([5, 700, 9, 2**30], np.int32),
        tokens_read=np.array([5, 512, 9, 2**30], np.int32),
        windows=np.array([1, 1, 2, 0], np.int32),
        routes=["model", "model", "lexicon", None],
        errors=[None, None, None, "'review' is null: there is no text."],
    )


def test_rows_are_counted_by_label_route_and_error() -> None:
    counts = count(scores(), ANSWERS)
    assert counts.rows == 4
    assert counts.labels == {"NEGATIVE": 1, "POSITIVE": 1, "NEUTRAL": 1}
    assert counts.routes == {"model": 2, "lexicon": 1}
    assert counts.failed == 1
    assert counts.errors == {"… is null: there is no text": 1}
    assert counts.cut == 1
    assert counts.windowed == 1
    # A label without a probability has no score.
    assert {place: rows for place, rows in enumerate(counts.histogram) if rows} == {18: 1, 15: 1}


def test_tokens_of_a_window_are_summed_beyond_32_bits() -> None:
    total = Counts()
    for _ in range(4):
        total.add(count(scores(), ANSWERS))
    assert total.tokens == 4 * (5 + 700 + 9 + 2**30)


def test_counts_go_through_json() -> None:
    counts = count(scores(), ANSWERS)
    counts.add(counts)
    assert Counts.from_json(json.loads(json.dumps(counts.to_json()))) == counts


def test_a_value_of_a_regression_is_in_the_bin_at_its_end() -> None:
    values = scores()
    values.probabilities[:2] = [[-3.5, 0], [0, 1e30]]
    histogram = count(values, ANSWERS).histogram
    assert (histogram[0], histogram[-1]) == (1, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Input 0 has 700 tokens. Shorten it.", "Input 7 has 1,024 tokens. Shorten it."),
        ("'text' is null: there is no text.", "'review' is null: there is no text."),
        ("Byte 0xff at 3.5 is wrong", "Byte 0xff at 12 is wrong"),
    ],
)
def test_errors_of_one_kind_differ_in_numbers_and_names_only(one: str, other: str) -> None:
    assert error_kind(one) == error_kind(other)


def test_kinds_are_told_apart_by_their_words() -> None:
    assert error_kind("It is blank.") != error_kind("It is null.")


def test_a_code_point_is_no_number() -> None:
    kind = error_kind("Input 3 contains NUL (U+0000), which no text does. Remove it.")
    assert kind == "Input N contains NUL (U+0000), which no text does"


def test_bytes_and_surrogates_are_numbers() -> None:
    assert error_kind("It is no UTF-8: byte 0xff at 3.") == error_kind(
        "It is no UTF-8: byte 0x8c at 9."
    )
    assert error_kind(r"a lone surrogate, \ud800, at 1") == error_kind(
        r"a lone surrogate, \udfff, at 2"
    )


def test_kinds_beyond_the_most_are_counted_together() -> None:
    total = Counts()
    for number in range(3 * MAX_KINDS):
        kind = "".join(chr(97 + int(digit)) for digit in str(number))
        total.add(Counts(rows=1, errors=Counter({kind: 1})))
    assert total.failed == 3 * MAX_KINDS
    assert len(total.errors) == MAX_KINDS + 1
    assert total.errors[OTHER_ERRORS] == 2 * MAX_KINDS
