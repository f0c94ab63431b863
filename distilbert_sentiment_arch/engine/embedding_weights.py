"""Graph weights of the embeddings, in every precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distilbert_sentiment_arch.engine.panels import (
    Packed,
    Weights,
    add_linear,
    add_norm,
    layer,
    narrowed,
)

if TYPE_CHECKING:
    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig


def embedding_weights(weights: Weights, config: EncoderConfig) -> Packed:
    """Returns the tables of words, positions and token types, the norm and what follows it."""
    words = weights["embeddings.word_embeddings.weight"]
    packed: Packed = {"embeddings.words": narrowed(words)}
    positions = weights.get("embeddings.position_embeddings.weight")
    if config.has_token_types:
        packed["embeddings.types"] = weights["embeddings.token_type_embeddings.weight"]
    elif config.type_vocab_size:  # every token has the only type there is
        if positions is None:
            positions = np.zeros((config.max_position_embeddings, words.shape[1]), np.float32)
        positions = positions + weights["embeddings.token_type_embeddings.weight"]
    if positions is not None:
        packed["embeddings.positions"] = positions
    add_norm(packed, "embeddings", weights, "embeddings.layer_norm")
    if config.embedding_size:
        name = "embeddings.projection"
        add_linear(packed, f"{name}.", *layer(weights, name))
    return packed
