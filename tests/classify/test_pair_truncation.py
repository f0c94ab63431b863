"""Pairs of which one text is cut, against the truncation of the tokenizers library."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from pair_models import pair_ids

from distilbert_sentiment_arch.classify.interface import PairPart, Truncation
from distilbert_sentiment_arch.classify.pair_truncation import cut_text
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.errors import NoRoomForText

FIRST, SECOND = "the cast is great and so is the plot", "nobody in the cinema was bored"


def cut(part: PairPart, text_limit: int | None = None, *, from_start: bool = False) -> Truncation:
    return Truncation("start" if from_start else "end", only=part, text_limit=text_limit)


def sequence(ids: list[int], first_segment: int) -> TokenSequence:
    return TokenSequence(np.array(ids), first_segment)


@pytest.mark.parametrize("part", ["first", "second"])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("limit", [13, 14, 17, 18, 40])
def test_the_library_cuts_alike(part: PairPart, side: Literal["left", "right"], limit: int) -> None:
    whole = TokenSequence(pair_ids(FIRST, SECOND), 11)
    kept = cut_text(whole, limit, cut(part, from_start=side == "left"))
    library = {"max_length": limit, "direction": side, "strategy": f"only_{part}"}
    expected = pair_ids(FIRST, SECOND, library)
    np.testing.assert_array_equal(kept.ids, expected)
    assert len(kept) == min(limit, len(whole))
    assert kept.first_segment == list(expected).index(102) + 1


def test_two_separators_between_the_texts_stay() -> None:
    roberta = sequence([0, 11, 12, 13, 2, 2, 21, 22, 23, 24, 2], 11)

    def kept(part: PairPart, limit: int, *, from_start: bool) -> list[int]:
        found = cut_text(roberta, limit, cut(part, from_start=from_start))
        return found.ids.tolist()

    assert kept("first", 9, from_start=False) == [0, 11, 2, 2, 21, 22, 23, 24, 2]
    assert kept("first", 9, from_start=True) == [0, 13, 2, 2, 21, 22, 23, 24, 2]
    assert kept("second", 8, from_start=False) == [0, 11, 12, 13, 2, 2, 21, 2]
    assert kept("second", 8, from_start=True) == [0, 11, 12, 13, 2, 2, 24, 2]


def test_a_single_text_is_its_own_first() -> None:
    single = sequence([101, 1, 2, 3, 4, 102], 6)
    kept = cut_text(single, 4, cut("first"))
    assert kept.ids.tolist() == [101, 1, 2, 102]


def test_the_text_alone_may_have_a_limit() -> None:
    whole = TokenSequence(pair_ids(FIRST, SECOND), 11)
    kept = cut_text(whole, 40, cut("second", 2))
    expected = pair_ids(FIRST, "nobody in")
    np.testing.assert_array_equal(kept.ids, expected)
    same = cut_text(whole, 40, cut("second", 6))
    assert same is whole


@pytest.mark.parametrize("first", [[], [7]])
def test_a_text_without_tokens_is_not_cut(first: list[int]) -> None:
    ids = [101, *first, 102, 102]
    whole = sequence(ids, len(ids) - 1)
    assert cut_text(whole, 10, cut("second")) is whole


def test_a_sequence_without_room_for_the_text_is_refused() -> None:
    whole = TokenSequence(pair_ids(FIRST, SECOND), 11)
    with pytest.raises(NoRoomForText, match=r"Input 3 has 12 tokens .* of 12 none is left"):
        cut_text(whole, 12, cut("second"), 3)


def test_a_separator_within_the_text_that_is_cut_parts_nothing() -> None:
    typed_in_first = sequence([0, 11, 2, 12, 2, 13, 2, 2, 21, 22, 2], 11)
    kept = cut_text(typed_in_first, 9, cut("first"))
    assert kept.ids.tolist() == [0, 11, 2, 12, 2, 2, 21, 22, 2]
    typed_in_second = sequence([0, 11, 12, 2, 2, 21, 2, 22, 23, 2], 10)
    kept = cut_text(typed_in_second, 8, cut("second", from_start=True))
    assert kept.ids.tolist() == [0, 11, 12, 2, 2, 22, 23, 2]
    only_separators = sequence([0, 11, 2, 2, 2, 2, 2, 2, 2], 9)
    kept = cut_text(only_separators, 6, cut("second", from_start=True))
    assert kept.ids.tolist() == [0, 11, 2, 2, 2, 2]


def test_token_types_part_the_texts_where_there_are_any() -> None:
    typed = sequence([101, 1, 102, 2, 102, 3, 102, 4, 102], 5)
    assert cut_text(typed, 7, cut("first")).ids.tolist() == [
        101,
        1,
        102,
        3,
        102,
        4,
        102,
    ]
