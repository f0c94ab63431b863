"""A model of pairs of which one text may be cut: what it reads, and what it says of that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from pair_models import MAX_LENGTH, RERANKER, logits_of, pair_classifier, pair_ids, tokenizer

from distilbert_sentiment_arch.classify.interface import (
    Classification,
    ClassifyRequest,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.errors import InputError, NoRoomForText, TooManyTokens

QUERY, LONG = "is it good", "it was good " * 30
PAIR = TextPair(QUERY, LONG)


def classified(
    inputs: Sequence[str | TextPair], truncation: Truncation | None
) -> Sequence[Classification]:
    request = ClassifyRequest(inputs, truncation)
    return asyncio.run(pair_classifier(RERANKER).classify(request)).classifications


@pytest.mark.parametrize(
    ("truncation", "cut"),
    [
        (Truncation("end", None, "second"), {"max_length": MAX_LENGTH}),
        (Truncation("start", 20, "second"), {"max_length": 20, "direction": "left"}),
        (Truncation("end", None, "second", text_limit=4), {"max_length": 10}),
        (Truncation("end", 9, "second", text_limit=4), {"max_length": 9}),
    ],
)
def test_the_other_text_stays_whole(truncation: Truncation, cut: dict[str, int]) -> None:
    (answer,) = classified([PAIR], truncation)
    kept = pair_ids(QUERY, LONG, {"strategy": "only_second", **cut})
    assert answer.logits == pytest.approx(logits_of(kept, 1), abs=1e-5)
    assert (answer.tokens, answer.tokens_read) == (len(pair_ids(QUERY, LONG)), len(kept))


def test_what_fits_is_read_whole() -> None:
    pair = TextPair(QUERY, "yes")
    (cut,) = classified([pair], Truncation("end", None, "second", text_limit=1))
    (whole,) = classified([pair], None)
    assert cut == whole
    assert whole.whole


def test_a_single_text_beside_pairs_is_cut_like_any_text() -> None:
    alone, _ = classified([LONG, TextPair(LONG, QUERY)], Truncation("end", None, "first"))
    ids = tokenizer().encode(LONG).ids
    kept = np.array([*ids[: MAX_LENGTH - 1], ids[-1]])
    assert alone.logits == pytest.approx(logits_of(kept, 1), abs=1e-5)


def test_without_permission_nothing_is_cut() -> None:
    with pytest.raises(TooManyTokens):
        classified([PAIR], None)


@pytest.mark.parametrize("limit", [2, MAX_LENGTH + 1])
def test_impossible_limits(limit: int) -> None:
    with pytest.raises(InputError, match="possible are 3"):
        classified([PAIR], Truncation("end", limit, "second"))


def test_a_query_that_leaves_no_room_is_named_by_its_place() -> None:
    pairs = [TextPair("good", "fine"), TextPair(LONG, "fine")]
    with pytest.raises(NoRoomForText, match="Input 1 "):
        classified(pairs, Truncation("end", None, "second"))
