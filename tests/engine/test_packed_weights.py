"""Packing of weights into the layout that the kernels read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig, NormPlacement
from distilbert_sentiment_arch.engine.first_block_tables import (
    FIRST_PROJECTION,
    fill_tables,
    has_tables,
)
from distilbert_sentiment_arch.engine.packed_weights import pack
from distilbert_sentiment_arch.engine.panels import Packed, Weights, narrowed, panels, whole_panels

CONFIG = EncoderConfig(
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


def random_weights(config: EncoderConfig) -> Weights:
    """Returns random weights for a graph, by their names in it."""
    generator = np.random.default_rng(3)
    dim, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings": (config.vocab_size, dim),
        "embeddings.position_embeddings": (config.max_position_embeddings, dim),
        "embeddings.token_type_embeddings": (config.type_vocab_size, dim),
        "embeddings.layer_norm": (dim,),
        "encoder.final_norm": (dim,),
        "classifier.dense": (dim, dim),
        "classifier.projection": (config.num_labels, dim),
    }
    for index in range(config.num_hidden_layers):
        block = f"encoder.layers.{index}"
        for name in ("query", "key", "value", "output"):
            shapes[f"{block}.attention.{name}"] = (dim, dim)
        shapes[f"{block}.attention_norm"] = shapes[f"{block}.output_norm"] = (dim,)
        shapes[f"{block}.feed_forward.up"] = (inner, dim)
        shapes[f"{block}.feed_forward.down"] = (dim, inner)
    weights = {}
    for name, shape in shapes.items():
        weights[f"{name}.weight"] = generator.standard_normal(shape, np.float32)
        weights[f"{name}.bias"] = generator.standard_normal(shape[0], np.float32)
    return weights


@pytest.mark.parametrize("columns", [1, 63, 64, 65, 200])
def test_panels_hold_64_columns_interleaved(columns: int) -> None:
    weight = np.random.default_rng(columns).standard_normal((columns, 5), np.float32)
    packed = panels(weight)
    assert packed.shape == (-(-columns // 64), 5, 64)
    for column in range(packed.shape[0] * 64):
        expected = weight[column] if column < columns else np.zeros(5)
        np.testing.assert_array_equal(packed[column // 64, :, column % 64], expected)


def test_weights_are_narrowed_to_float16_only_without_loss() -> None:
    exact = np.array([1, 0.5, -2.25, 2**-14, 65504], np.float32)
    assert narrowed(exact).dtype == np.float16
    for inexact in (0.1, 1e-9, 70000.0):
        array = np.append(exact, np.float32(inexact))
        assert narrowed(array) is array


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_tables_hold_the_projection_of_all_words_positions_and_types(
    dtype: type[np.floating],
) -> None:
    generator = np.random.default_rng(7)
    gamma, projection = generator.standard_normal(20), generator.standard_normal((60, 20))
    packed: Packed = {"embeddings.gamma": gamma.astype(np.float32)}
    for name, rows in (("words", 9000), ("positions", 12), ("types", 2)):
        packed[f"embeddings.{name}"] = (3 + generator.standard_normal((rows, 20))).astype(dtype)
        packed[f"blocks.0.projected_{name}"] = np.zeros((rows, 60), np.float32)
    parts = np.split(projection.astype(np.float32), 3)
    fill_tables(packed, dict(zip(FIRST_PROJECTION, parts, strict=True)))
    for name in ("words", "positions", "types"):
        embeddings = packed[f"embeddings.{name}"].astype(np.float64)
        centred = embeddings - embeddings.mean(-1, keepdims=True)
        np.testing.assert_allclose(
            packed[f"blocks.0.projected_{name}"], (centred * gamma) @ projection.T, atol=1e-4
        )


@pytest.mark.parametrize(
    ("changes", "there_are"),
    [
        ({}, True),
        ({"num_hidden_layers": 1}, False),
        ({"norm_placement": "pre"}, False),
        # Tables of 2.3 GB, as for XLM-RoBERTa; those of multilingual DistilBERT are 1.1 GB.
        ({"vocab_size": 250_002, "hidden_size": 768}, False),
        ({"vocab_size": 119_547, "hidden_size": 768}, True),
    ],
    ids=str,
)
def test_tables_are_used_only_where_they_help_and_fit(
    changes: dict[str, Any], there_are: bool
) -> None:
    assert has_tables(replace(CONFIG, **changes)) is there_are


def test_without_tables_nothing_is_filled() -> None:
    packed: Packed = {"embeddings.words": np.ones((3, 2), np.float32)}
    fill_tables(packed, {})
    assert list(packed) == ["embeddings.words"]


def test_the_only_token_type_is_part_of_each_position() -> None:
    config = replace(CONFIG, type_vocab_size=1)
    weights = random_weights(config)
    packed = pack(weights, config)
    assert "embeddings.types" not in packed
    positions, types = (
        weights[f"embeddings.{name}_embeddings.weight"] for name in ("position", "token_type")
    )
    np.testing.assert_array_equal(packed["embeddings.positions"], positions + types[0])


def test_token_types_have_a_table_of_their_own() -> None:
    config = replace(CONFIG, type_vocab_size=2)
    weights = random_weights(config)
    packed = pack(weights, config)
    np.testing.assert_array_equal(
        packed["embeddings.types"], weights["embeddings.token_type_embeddings.weight"]
    )
    assert packed["blocks.0.projected_types"].shape == (2, 60)


@pytest.mark.parametrize("placement", ["post", "pre"])
def test_vectors_applied_after_attention_are_one_array(placement: NormPlacement) -> None:
    config = replace(CONFIG, norm_placement=placement)
    weights = random_weights(config)
    norms = {
        name: [weights[f"encoder.layers.1.{name}.{part}"] for part in ("weight", "bias")]
        for name in ("attention_norm", "output_norm")
    }
    output, up, down = (
        weights[f"encoder.layers.1.{name}.bias"]
        for name in ("attention.output", "feed_forward.up", "feed_forward.down")
    )
    expected = [output, *norms["output_norm"], up, down]
    if placement == "post":
        expected = [output, *norms["attention_norm"], up, down, *norms["output_norm"]]
    packed = pack(weights, config)
    np.testing.assert_array_equal(
        packed["blocks.1.vectors"], np.concatenate([whole_panels(each) for each in expected])
    )


def test_a_missing_bias_is_packed_as_zeros() -> None:
    weights = random_weights(CONFIG)
    biases = [name for name in weights if name.endswith(".bias")]
    zeroed = {**weights, **{name: np.zeros_like(weights[name]) for name in biases}}
    missing = {name: weights[name] for name in weights if name not in biases}
    found, expected = pack(missing, CONFIG), pack(zeroed, CONFIG)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])
