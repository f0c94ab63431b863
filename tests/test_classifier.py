"""Truncation and refusals before anything is computed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest

from distilbert_sentiment_arch.classification import ClassifyRequest, Truncation
from distilbert_sentiment_arch.classifier import truncate
from distilbert_sentiment_arch.errors import InputError, TooManyTokens

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classifier import ModelClassifier

CLS, SEP = 101, 102


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
def test_truncate(ids: list[int], limit: int, side: str, expected: list[int]) -> None:
    assert truncate(np.array(ids), limit, side, (CLS, SEP)).tolist() == expected


def test_the_error_carries_the_counts() -> None:
    error = TooManyTokens(3, 600, 512)
    assert (error.tokens, error.limit) == (600, 512)
    assert str(error).startswith("Input 3 has 600 tokens")


@pytest.mark.slow
def test_truncation_reads_what_it_says(embedded: ModelClassifier) -> None:
    long = "terrible " * 600 + "wonderful " * 200

    async def ask(truncation: Truncation) -> tuple[str, int, int]:
        (answer,) = await embedded.classify(ClassifyRequest([long], truncation))
        return answer.label, answer.tokens, answer.tokens_read

    assert asyncio.run(ask(Truncation("end"))) == ("NEGATIVE", 802, 512)
    assert asyncio.run(ask(Truncation("start", 100))) == ("POSITIVE", 802, 100)


@pytest.mark.slow
def test_without_special_tokens(embedded: ModelClassifier) -> None:
    request = ClassifyRequest(["so good"], add_special_tokens=False)
    (answer,) = asyncio.run(embedded.classify(request))
    assert answer.tokens == 2


@pytest.mark.slow
@pytest.mark.parametrize("inputs", [[], [""], ["fine", "\u200b"], [[]], [[-1]], [[30522]]])
def test_refusals(embedded: ModelClassifier, inputs: list[str]) -> None:
    with pytest.raises(InputError):
        asyncio.run(embedded.classify(ClassifyRequest(inputs)))
