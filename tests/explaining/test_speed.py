"""Texts of one length, and figures from the times of rounds."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.explain.text_units import split_words
from scripts.benchmarking.errors import ConfigError
from scripts.explaining.reference_worker import SHAP
from scripts.explaining.speed import explainer_records, http_record, texts_of_words

MS = 1_000_000


def test_texts_are_the_first_words_of_those_that_have_as_many() -> None:
    data = ["too short", "one two three four", "a b, c", "five  six\nseven"]
    found = texts_of_words(data, 3, 9, seed=0)
    assert sorted(found) == ["a b, c", "five  six\nseven", "one two three"]
    assert {len(split_words(text)) for text in found} == {3}
    assert len(texts_of_words(data, 3, 2, seed=0)) == 2
    assert texts_of_words(data, 3, 2, seed=0) == texts_of_words(data, 3, 2, seed=0)
    with pytest.raises(ConfigError, match="No text has 5 words"):
        texts_of_words(data, 5, 2, seed=0)


def test_ratios_are_of_the_same_round() -> None:
    timed = {
        "leave_one_out": [[10 * MS] * 3, [20 * MS] * 3, [40 * MS] * 3],
        SHAP: [[1000 * MS], [2000 * MS], [4000 * MS]],
    }
    ours, theirs = explainer_records(timed)
    assert ours.p50_ms.value == 20
    assert ours.per_second.value == 50
    assert (ours.times.low, ours.times.value, ours.times.high) == (100, 100, 100)
    assert theirs.times.value == 1
    assert (ours.p50_ms.low, ours.p50_ms.high) == (10, 40)


def test_speed_counts_slow_explanations_and_the_median_does_not() -> None:
    (found, _) = explainer_records({"owen": [[10 * MS, 10 * MS, 40 * MS]], SHAP: [[MS]]})
    assert found.p50_ms.value == 10
    assert found.per_second.value == 50


def test_http_is_measured_in_plain_requests() -> None:
    found = http_record([2.0, 4.0, 3.0], [20.0, 20.0, 30.0])
    assert (found.classify_ms.value, found.explain_ms.value, found.times.value) == (3, 20, 10)
    assert (found.times.low, found.times.high) == (5, 10)
