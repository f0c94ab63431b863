"""Passes over texts: how many there may be, and what each reads."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.errors import TooManyPasses
from distilbert_sentiment_arch.explain.explanation import ExplainOptions, PassLimits
from distilbert_sentiment_arch.explain.passes import (
    MOST_CHARACTERS,
    budgets_of,
    checked_characters,
    make_passes,
)
from distilbert_sentiment_arch.explain.text_units import units_of

LEAVE_ONE_OUT = ExplainOptions("leave_one_out")
OWEN = ExplainOptions("owen")


def test_leaving_each_word_out_reads_what_is_left_of_each_text() -> None:
    texts = ["one two three", "la la"]
    units = [units_of(text, "word") for text in texts]
    budgets = budgets_of(units, LEAVE_ONE_OUT, [1, 1])
    assert budgets == [5, 4]
    first, second = make_passes(texts, units, budgets, LEAVE_ONE_OUT)
    assert set(first.texts) == {"", "two three", "one three", "one two"}
    assert first.texts[0] == ""
    # Without either of its words the second text is the same, and it is read once.
    assert list(second.texts) == ["", "la"]
    for text, each in zip(texts, (first, second), strict=True):
        read = [text, *each.texts]
        assert [read[place] for place in each.places].count(text) == 1


@pytest.mark.parametrize(
    ("words", "passes", "windows", "budget"),
    [
        (3, None, 1, 8),  # all subsets of three
        (20, None, 1, 256),
        (200, None, 1, 400),
        (200, None, 4, 201),  # each of the passes is four sequences, and an order takes 201
        (200, None, None, 201),
        (20, 50, 3, 50),
    ],
)
def test_the_budget_of_owen(
    words: int, passes: int | None, windows: int | None, budget: int
) -> None:
    units = [units_of(" ".join(["word"] * words), "word")]
    assert budgets_of(units, ExplainOptions("owen", passes=passes), [windows]) == [budget]


def test_long_texts_are_refused_before_their_passes_are_made() -> None:
    text = "lo" + "n" * (MOST_CHARACTERS // 8) + "g" + " and" * 9
    units = [units_of(text, "word")]
    budgets = budgets_of(units, LEAVE_ONE_OUT, [1])
    with pytest.raises(TooManyPasses, match=f"{MOST_CHARACTERS} characters"):
        checked_characters([text], units, budgets, LEAVE_ONE_OUT, PassLimits())
    short = [units_of("a b", "word")]
    counted = checked_characters(["a b"], short, [4], LEAVE_ONE_OUT, PassLimits(passes=4))
    assert counted == 4 * len("a b")
    with pytest.raises(TooManyPasses, match=r"4 passes.*at most 3 in one request"):
        checked_characters(["a b"], short, [4], LEAVE_ONE_OUT, PassLimits(passes=3))
