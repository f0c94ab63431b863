"""Cuts and windows, over every length."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from distilbert_sentiment_arch.classify.truncation import (
    TokenIds,
    Window,
    Windows,
    combine,
    truncate,
)

CLS, SEP = 101, 102
SPECIAL = (CLS, SEP)


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
    assert truncate(np.array(ids), limit, side, SPECIAL).tolist() == expected


def windows(ids: TokenIds, limit: int) -> list[Window]:
    planned = Windows(ids, limit, SPECIAL)
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
            assert len(window.ids) <= limit
            inner = window.ids[1:-1] if specials else window.ids
            if specials:
                assert (window.ids[0], window.ids[-1]) == SPECIAL
            new = [token for token in inner.tolist() if token not in seen[-limit:]]
            assert len(new) == window.fresh > 0
            assert np.all(np.diff(inner) == 1)
            seen += new
        assert seen == tokens


def test_neighbours_overlap_by_a_quarter() -> None:
    first, second, *_ = windows(np.arange(1000, 3000), 400)
    assert first.ids[-1] - second.ids[0] + 1 == 100


def test_combine_weighs_by_fresh_tokens() -> None:
    pieces = [Window(np.arange(4), 4), Window(np.arange(4), 1)]
    logits = np.array([[1.0, 0.0], [-4.0, 5.0]], np.float32)
    np.testing.assert_allclose(combine(logits, pieces), [0.0, 1.0])


def test_one_window_is_left_alone() -> None:
    row = np.array([[0.1, 0.2]], np.float32)
    np.testing.assert_array_equal(combine(row, [Window(np.arange(3), 3)]), row[0])
