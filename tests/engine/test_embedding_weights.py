"""Tables of words, positions and token types in the layout that the kernels read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from random_encoders import SMALL, random_weights

from distilbert_sentiment_arch.engine.embedding_weights import embedding_weights


def test_the_only_token_type_is_part_of_each_position() -> None:
    config = replace(SMALL, type_vocab_size=1)
    weights = random_weights(config)
    packed = embedding_weights(weights, config)
    assert "embeddings.types" not in packed
    positions, types = (
        weights[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type")
    )
    np.testing.assert_array_equal(packed["embeddings.positions"], positions + types[0])


def test_token_types_have_a_table_of_their_own() -> None:
    config = replace(SMALL, type_vocab_size=2)
    weights = random_weights(config)
    packed = embedding_weights(weights, config)
    np.testing.assert_array_equal(
        packed["embeddings.types"], weights["embeddings.token_type_embeddings.weight"]
    )
    np.testing.assert_array_equal(
        packed["embeddings.positions"], weights["embeddings.position_embeddings.weight"]
    )


def test_without_token_types_positions_are_as_they_are() -> None:
    weights = random_weights(SMALL)
    packed = embedding_weights(weights, SMALL)
    assert "embeddings.types" not in packed
    np.testing.assert_array_equal(
        packed["embeddings.positions"], weights["embeddings.position_embeddings.weight"]
    )


def test_words_are_narrow_where_that_loses_nothing() -> None:
    weights = random_weights(SMALL)
    name = "embeddings.word_embeddings.weight"
    assert embedding_weights(weights, SMALL)["embeddings.words"].dtype == np.float32
    weights[name] = weights[name].astype(np.float16).astype(np.float32)
    found = embedding_weights(weights, SMALL)["embeddings.words"]
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found.astype(np.float32), weights[name])
