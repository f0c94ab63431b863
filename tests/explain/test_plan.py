"""What is left of a text without some of its units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distilbert_sentiment_arch.explain.plan import PlanBuilder, kept_text
from distilbert_sentiment_arch.explain.text_units import split_words

TEXT = "  a good\n film. "
SPANS = split_words(TEXT)


@pytest.mark.parametrize(
    ("coalition", "expected"),
    [
        (0b111, TEXT),
        (0b000, ""),
        (0b110, "good\n film. "),
        (0b101, "  a film. "),
        (0b011, "  a good"),
        (0b010, "good"),
        (0b001, "  a"),
        (0b100, "film. "),
    ],
)
def test_a_unit_goes_with_the_white_space_behind_it(coalition: int, expected: str) -> None:
    assert kept_text(TEXT, SPANS, coalition) == expected


@given(st.text("ab .\u597d\u3002\n", min_size=1).filter(str.strip), st.data())
def test_the_kept_units_are_left_in_order(text: str, data: st.DataObject) -> None:
    spans = split_words(text)
    kept = data.draw(st.sets(st.integers(0, len(spans) - 1)))
    left = kept_text(text, spans, sum(1 << unit for unit in kept))
    expected = "".join(text[slice(*spans[unit])] for unit in sorted(kept))
    assert "".join(left.split()) == expected
    if len(spans) - 1 not in kept:
        assert left == left.rstrip()
    if len(kept) == len(spans):
        assert left == text


def test_changes_are_weighted_sums_of_differences() -> None:
    builder = PlanBuilder(2)
    builder.add(0, 0.5, 0b11, 0b10)
    builder.add(0, 0.25, 0b01, 0b00)
    builder.add(1, 2.0, 0b11, 0b01)
    plan = builder.plan()
    assert list(plan.coalitions) == [0b11, 0b00, 0b10, 0b01]
    rows = [[10.0, 1.0], [2.0, 1.0], [4.0, 1.0], [6.0, 0.0]]
    assert plan.changes(rows) == [[0.5 * 6 + 0.25 * 4, 0.25 * -1], [2 * 4.0, 2 * 1.0]]
