"""The model classifier: truncation, windows, and requests refused before anything is computed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pair_models import SENTIMENT, SPECIAL, logits_of, pair_classifier

from distilbert_sentiment_arch.classify.interface import (
    ClassifyRequest,
    Input,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.errors import BlankInput, InputError, TooManyTokens

if TYPE_CHECKING:
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier


def test_the_error_has_the_number_of_tokens_and_the_limit() -> None:
    error = TooManyTokens(3, 600, 512)
    assert (error.tokens, error.limit) == (600, 512)
    assert str(error).startswith("Input 3 has 600 tokens")


@pytest.mark.slow
def test_truncation_reads_the_requested_part(embedded: ModelClassifier) -> None:
    long = "terrible " * 600 + "wonderful " * 200

    async def ask(truncation: Truncation) -> tuple[str, int, int, int]:
        answers = await embedded.classify(ClassifyRequest([long], truncation))
        (answer,) = answers.classifications
        return answer.label, answer.tokens, answer.tokens_read, answer.windows

    assert asyncio.run(ask(Truncation("end"))) == ("NEGATIVE", 802, 512, 1)
    assert asyncio.run(ask(Truncation("start", 100))) == ("POSITIVE", 802, 100, 1)
    assert asyncio.run(ask(Truncation("window"))) == ("NEGATIVE", 802, 802, 2)


@pytest.mark.slow
def test_windows_are_the_weighted_mean_of_their_parts(embedded: ModelClassifier) -> None:
    ids = [101, *range(2000, 2700), 102]

    def logits(inputs: list[Input], truncation: Truncation | None = None) -> np.ndarray:
        answers = asyncio.run(embedded.classify(ClassifyRequest(inputs, truncation)))
        return np.array([answer.logits for answer in answers.classifications])

    first, second = [101, *range(2000, 2510), 102], [101, *range(2190, 2700), 102]
    parts = logits([first, second])
    np.testing.assert_allclose(
        logits([ids], Truncation("window"))[0],
        (510 * parts[0] + 190 * parts[1]) / 700,
        atol=1e-5,
    )


@pytest.mark.slow
def test_without_special_tokens(embedded: ModelClassifier) -> None:
    request = ClassifyRequest(["so good"], add_special_tokens=False)
    (answer,) = asyncio.run(embedded.classify(request)).classifications
    assert answer.tokens == 2


@pytest.mark.slow
def test_a_pair_is_one_sequence(embedded: ModelClassifier) -> None:
    pair, ids = TextPair("so", "good"), [101, 2061, 102, 2204, 102]
    by_text, by_ids = asyncio.run(embedded.classify(ClassifyRequest([pair, ids]))).classifications
    assert by_text.tokens == 5
    np.testing.assert_allclose(by_text.logits, by_ids.logits, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("inputs", [[], [""], ["fine", "\u200b"], [[]], [[-1]], [[30522]]])
def test_refusals(embedded: ModelClassifier, inputs: list[str]) -> None:
    with pytest.raises(InputError):
        asyncio.run(embedded.classify(ClassifyRequest(inputs)))


def test_blank_texts_are_the_special_tokens_where_that_is_allowed() -> None:
    classifier = pair_classifier(SENTIMENT)
    inputs = ["", " ", "\u200b", "good"]
    answers = asyncio.run(classifier.classify(ClassifyRequest(inputs, blank=True)))
    expected = logits_of([SPECIAL.first, SPECIAL.last], 2)
    for answer in answers.classifications[:3]:
        assert (answer.tokens, answer.tokens_read) == (2, 2)
        np.testing.assert_allclose(answer.logits, expected)
    for text in inputs[:3]:
        with pytest.raises(BlankInput):
            asyncio.run(classifier.classify(ClassifyRequest([text])))
    with pytest.raises(InputError, match="NUL"):
        asyncio.run(classifier.classify(ClassifyRequest(["a\0b"], blank=True)))
    without = ClassifyRequest([""], add_special_tokens=False, blank=True)
    with pytest.raises(BlankInput):
        asyncio.run(classifier.classify(without))
