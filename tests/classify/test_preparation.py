"""Inputs to sequences: each for itself as in a request of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from pair_models import PairTokenizer

from distilbert_sentiment_arch.classify.interface import ClassifyRequest, TextPair, Truncation
from distilbert_sentiment_arch.classify.preparation import TOGETHER, Preparation, Prepared
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.errors import InputError

LIMIT, MOST_TOKENS = 32, 2000

INPUTS: list[str | TextPair] = [
    "A good film.",
    "",
    "good " * 100,
    TextPair("Is it good?", "It is."),
    TextPair("good", " "),
    "a\0b",
    "a lone \ud800",
    "\u200b\u200b",
    "bad " * (TOGETHER // 2),
    "x" * (TOGETHER + 1),
    "And the last.",
]


class PanickingTokenizer(PairTokenizer):
    """Cannot read a text with a capital L, nor others beside it."""

    def tokenize(
        self,
        texts: Sequence[str | TextPair],
        add_special_tokens: bool = True,
        max_tokens: int | None = None,
    ) -> list[TokenSequence]:
        if any(isinstance(text, str) and "L" in text for text in texts):
            raise InputError("The tokenizer cannot read this input (panic).")
        return super().tokenize(texts, add_special_tokens, max_tokens)


def read(prepared: Prepared) -> list[list[int]]:
    return [window.sequence.ids.tolist() for window in prepared.windows]


@pytest.mark.parametrize("mode", ["start", "end", "window", None])
def test_each_is_as_a_request_of_its_own(mode: str | None) -> None:
    preparation = Preparation(PairTokenizer(), LIMIT, MOST_TOKENS)
    truncation = None if mode is None else Truncation(mode)  # type: ignore[arg-type]
    found = preparation.each(INPUTS, truncation)
    assert len(found) == len(INPUTS)
    for item, each in zip(INPUTS, found, strict=True):
        request = ClassifyRequest([item], truncation)
        if isinstance(each, Prepared):
            (alone,) = preparation.request(request)
            assert read(each) == read(alone)
            assert (each.tokens, each.tokens_read) == (alone.tokens, alone.tokens_read)
        else:
            with pytest.raises(type(each)) as wrong:
                preparation.request(request)
            assert str(wrong.value) == str(each)
    refused = [place for place, each in enumerate(found) if not isinstance(each, Prepared)]
    over = [2, 8] if mode is None else [8] if mode == "window" else []
    assert set(refused) == {1, 4, 5, 6, 7, *over}


def test_a_text_that_the_tokenizer_cannot_read_leaves_the_others() -> None:
    preparation = Preparation(PanickingTokenizer(), LIMIT)
    first, second, third = preparation.each(["good", "Look", "bad"], None)
    assert isinstance(first, Prepared)
    assert "cannot read this input" in str(second)
    assert isinstance(third, Prepared)


def test_tokens_of_the_windows_are_weighted_once() -> None:
    preparation = Preparation(PairTokenizer(), LIMIT)
    (long,) = preparation.each(["good " * 100], Truncation("window"))
    assert isinstance(long, Prepared)
    assert sum(window.fresh for window in long.windows) == 100
    assert np.unique([len(window.sequence) for window in long.windows]).tolist() == [LIMIT]
