"""What the ladder is held against, held against SciPy, Python's own sums and scripts/oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
from random_encoders import oracle_of

from distilbert_sentiment_arch.classify.token_sequence import single_segment
from distilbert_sentiment_arch.engine.numpy_encoder import numpy_logits
from distilbert_sentiment_arch.engine.probing import oracles

X = np.random.default_rng(0).standard_normal((5, 7)) * 3


def test_gelu() -> None:
    np.testing.assert_allclose(oracles.gelu(X), X * scipy.special.ndtr(X), rtol=1e-9, atol=1e-15)


def test_softmax() -> None:
    np.testing.assert_allclose(oracles.softmax(X), scipy.special.softmax(X, axis=-1), rtol=1e-12)


def test_layer_norm() -> None:
    gamma, beta = np.arange(7.0), np.arange(7.0) / 2
    found = oracles.layer_norm(X, gamma, beta, 0.5)
    for row, result in zip(X, found, strict=True):
        mean = math.fsum(row) / 7
        variance = math.fsum((each - mean) ** 2 for each in row) / 7
        expected = [
            (each - mean) / math.sqrt(variance + 0.5) * scale + shift
            for each, scale, shift in zip(row, gamma, beta, strict=True)
        ]
        np.testing.assert_allclose(result, expected, rtol=1e-12)


def test_attention_reads_real_tokens_only() -> None:
    query, key, value = (
        np.random.default_rng(seed).standard_normal((2, 3, 5, 4)) for seed in (1, 2, 3)
    )
    found = oracles.attention(query, key, value, np.array([5, 2]))
    for batch, head, token, length in ((0, 0, 0, 5), (1, 2, 4, 2)):
        scores = [
            math.fsum(query[batch, head, token] * key[batch, head, other]) / 2
            for other in range(length)
        ]
        weights = scipy.special.softmax(scores)
        expected = sum(weight * value[batch, head, other] for other, weight in enumerate(weights))
        np.testing.assert_allclose(found[batch, head, token], expected, rtol=1e-12)


@pytest.mark.parametrize(("dtype", "bits"), [("float32", 24), ("float16", 11), ("bfloat16", 8)])
def test_inputs_are_numbers_of_the_dtype(dtype: str, bits: int) -> None:
    numbers = oracles.random(1000, seed=0, dtype=dtype).astype(np.float64)
    mantissas, _ = np.frexp(numbers)
    np.testing.assert_array_equal(mantissas * 2**bits, np.rint(mantissas * 2**bits))
    exact = oracles.random(1000, seed=0)
    assert np.all(np.abs(numbers - exact) <= 2.0**-bits * np.abs(exact))


def test_the_small_encoder_in_float64() -> None:
    config, weights = oracles.SMALL_ENCODER, oracles.small_weights()
    ids = [np.arange(3, 20), np.array([499])]
    found = numpy_logits(oracles.Widened(weights), config, [single_segment(each) for each in ids])
    assert found.dtype == np.float64
    encoder = oracle_of(config, weights)
    expected = [encoder.logits(each.tolist()) for each in ids]
    np.testing.assert_allclose(found, expected, atol=1e-6)
