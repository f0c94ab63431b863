"""Random weights of an encoder by their names in the graph, and the oracle that has them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.encoder_config import DISTANCE_BUCKETS, EncoderConfig
from distilbert_sentiment_arch.engine.distance_biases import BIAS_WEIGHT
from scripts.oracle import encoder as oracle

Weights = dict[str, npt.NDArray[np.float32]]

SMALL = EncoderConfig(
    architecture="none",
    hidden_size=20,
    intermediate_size=70,
    num_attention_heads=2,
    num_hidden_layers=3,
    vocab_size=11,
    max_position_embeddings=7,
    head_activation="tanh",
    num_labels=3,
)
"""Widths that no panel and no vector is filled by."""


def random_weights(config: EncoderConfig, seed: int = 0) -> Weights:
    """Returns weights of which a product has about the magnitude of its input."""
    generator = np.random.default_rng(seed)
    dim, inner = config.hidden_size, config.intermediate_size
    weights: Weights = {}

    def add(name: str, rows: int, columns: int | None = None) -> None:
        centre = 0.0 if columns else 1.0
        shape, deviation = ((rows, columns), columns**-0.5) if columns else ((rows,), 0.1)
        weights[f"{name}.weight"] = generator.normal(centre, deviation, shape).astype(np.float32)
        if not name.endswith("_embeddings"):
            weights[f"{name}.bias"] = generator.normal(0, 0.1, rows).astype(np.float32)

    add("embeddings.word_embeddings", config.vocab_size, dim)
    add("embeddings.position_embeddings", config.max_position_embeddings, dim)
    if config.type_vocab_size:
        add("embeddings.token_type_embeddings", config.type_vocab_size, dim)
    add("embeddings.layer_norm", dim)
    if config.attention == "biased":
        table = generator.normal(0, 1, (DISTANCE_BUCKETS, config.num_attention_heads))
        weights[BIAS_WEIGHT] = table.astype(np.float32)
    for index in range(config.num_hidden_layers):
        block = f"encoder.layers.{index}"
        for name in ("query", "key", "value", "output"):
            add(f"{block}.attention.{name}", dim, dim)
        add(f"{block}.feed_forward.up", inner, dim)
        add(f"{block}.feed_forward.down", dim, inner)
        add(f"{block}.attention_norm", dim)
        add(f"{block}.output_norm", dim)
    if config.norm_placement == "pre":
        add("encoder.final_norm", dim)
    add("classifier.dense", dim, dim)
    add("classifier.projection", config.num_labels, dim)
    return weights


def oracle_of(
    config: EncoderConfig, weights: Mapping[str, npt.NDArray[np.float32]]
) -> oracle.Encoder:
    """Returns the encoder that the weights are of."""
    wide = {name: array.astype(np.float64) for name, array in weights.items()}

    def norm(name: str) -> oracle.Norm:
        return oracle.norm(wide, name, config.layer_norm_eps)

    def block(name: str) -> oracle.Block:
        query, key, value, output = (
            oracle.linear(wide, f"{name}.attention.{part}")
            for part in ("query", "key", "value", "output")
        )
        return oracle.Block(
            query=query,
            key=key,
            value=value,
            output=output,
            attention_norm=norm(f"{name}.attention_norm"),
            up=oracle.linear(wide, f"{name}.feed_forward.up"),
            down=oracle.linear(wide, f"{name}.feed_forward.down"),
            output_norm=norm(f"{name}.output_norm"),
            heads=config.num_attention_heads,
            activation=config.hidden_act,
            pre_norm=config.norm_placement == "pre",
            distance_biases=wide.get(BIAS_WEIGHT),
        )

    layers = range(config.num_hidden_layers)
    return oracle.Encoder(
        words=wide["embeddings.word_embeddings.weight"],
        positions=wide["embeddings.position_embeddings.weight"],
        types=wide.get("embeddings.token_type_embeddings.weight"),
        norm=norm("embeddings.layer_norm"),
        blocks=[block(f"encoder.layers.{index}") for index in layers],
        final_norm=norm("encoder.final_norm") if config.norm_placement == "pre" else None,
        dense=oracle.linear(wide, "classifier.dense"),
        head_activation=config.head_activation,
        projection=oracle.linear(wide, "classifier.projection"),
    )
