"""Truncation and windows of token sequences, for every length."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.token_sequence import (
    SpecialTokens,
    TokenIds,
    TokenSequence,
    single_segment,
)
from distilbert_sentiment_arch.classify.truncation import Window, Windows, combine, truncate

CLS, SEP = 101, 102
SPECIAL = SpecialTokens(CLS, SEP)


@pytest.mark.parametrize(
    ("ids", "limit", "side", "expected"),
    [
        ([CLS, 1, 2, 3, 4, SEP], 6, "end", [CLS, 1, 2, 3, 4, SEP]),
        ([CLS, 1, 2, 3, 4, SEP], 4, "end", [CLS, 1, 2, SEP]),
        ([CLS, 1, 2, 3, 4, SEP], 4, "start", [CLS, 3, 4, SEP]),
        ([CLS, 1, 2, 3, 4, SEP], 3, "start", [CLS, 4, SEP]),
        ([1, 2, 3, 4], 3, "end", [1, 2, 3]),
        ([1, 2, 3, 4], 3, "start", [2, 3, 4]),
        ([CLS, 1, 2, 3, 4], 3, "start", [CLS, 3, 4]),
    ],
)
def test_truncate(
    ids: list[int], limit: int, side: Literal["start", "end"], expected: list[int]
) -> None:
    sequence = single_segment(np.array(ids))
    assert truncate(sequence, limit, side, SPECIAL).ids.tolist() == expected


PAIR = TokenSequence(np.array([CLS, 1, 2, 3, SEP, 4, 5, 6, SEP]), first_segment=5)


@pytest.mark.parametrize("limit", range(3, 9))
def test_tokens_of_a_pair_keep_their_segment(limit: int) -> None:
    """Ids up to 3 belong to the first text, so that the segments of each part can be checked."""
    cuts = [truncate(PAIR, limit, "start", SPECIAL), truncate(PAIR, limit, "end", SPECIAL)]
    for cut in [*cuts, *(each.sequence for each in Windows(PAIR, limit, SPECIAL).make())]:
        assert len(cut) <= limit
        first, second = cut.ids[: cut.first_segment], cut.ids[cut.first_segment :]
        assert set(first.tolist()) <= {CLS, 1, 2, 3, SEP}
        assert set(second.tolist()) <= {4, 5, 6, SEP}


ROBERTA = SpecialTokens(0, 2, between=2, typed=False)
"""<s> A </s></s> B </s>, all of token type 0."""


@pytest.mark.parametrize("limit", range(3, 10))
def test_a_pair_of_roberta_keeps_its_ends(limit: int) -> None:
    pair = single_segment(np.array([0, 11, 12, 13, 2, 2, 14, 15, 16, 2]))
    cuts = [truncate(pair, limit, "start", ROBERTA), truncate(pair, limit, "end", ROBERTA)]
    made = Windows(pair, limit, ROBERTA).make()
    for cut in [*cuts, *(each.sequence for each in made)]:
        assert len(cut) == cut.first_segment == limit
        assert (cut.ids[0], cut.ids[-1]) == (0, 2)
    assert cuts[0].ids.tolist() == [0, *pair.ids[-limit + 1 :]]
    assert cuts[1].ids.tolist() == [*pair.ids[: limit - 1], 2]
    assert sum(each.fresh for each in made) == 8


def windows(ids: TokenIds, limit: int) -> list[Window]:
    planned = Windows(single_segment(ids), limit, SPECIAL)
    made = planned.make()
    assert len(made) == len(planned)
    return list(made)


@pytest.mark.parametrize("limit", [3, 4, 7, 16, 512])
@pytest.mark.parametrize("specials", [True, False])
def test_windows_cover_every_token_and_count_it_once(limit: int, specials: bool) -> None:
    for body in [*range(1, 60), 511, 513, 1024, 5000]:
        tokens = list(range(1000, 1000 + body))
        ids = np.array([CLS, *tokens, SEP] if specials else tokens)
        if len(ids) <= limit:
            continue
        found = windows(ids, limit)
        seen: list[int] = []
        for window in found:
            kept = window.sequence.ids
            assert len(kept) <= limit
            inner = kept[1:-1] if specials else kept
            if specials:
                assert (kept[0], kept[-1]) == (CLS, SEP)
            new = [token for token in inner.tolist() if token not in seen[-limit:]]
            assert len(new) == window.fresh > 0
            assert np.all(np.diff(inner) == 1)
            seen += new
        assert seen == tokens


def test_neighbours_overlap_by_a_quarter() -> None:
    first, second, *_ = windows(np.arange(1000, 3000), 400)
    assert first.sequence.ids[-1] - second.sequence.ids[0] + 1 == 100


def test_windows_are_weighted_by_the_tokens_no_earlier_one_had() -> None:
    sequence = single_segment(np.arange(4))
    pieces = [Window(sequence, 4), Window(sequence, 1)]
    logits = np.array([[1.0, 0.0], [-4.0, 5.0]], np.float32)
    np.testing.assert_allclose(combine(logits, pieces), [0.0, 1.0])


def test_the_logits_of_a_single_window_are_kept() -> None:
    row = np.array([[0.1, 0.2]], np.float32)
    np.testing.assert_array_equal(combine(row, [Window(single_segment(np.arange(3)), 3)]), row[0])
