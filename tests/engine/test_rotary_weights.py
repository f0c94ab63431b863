"""Weights of blocks with rotary positions in the layout that the kernels read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_encoders import SMALL

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.panels import Weights, panels
from distilbert_sentiment_arch.engine.rotary_weights import gated, rotary_weights

CONFIG = replace(
    SMALL,
    attention="rotary",
    attention_bias=False,
    gated_mlp=True,
    first_attention_norm=False,
    local_blocks=(False, True, True),
    mlp_bias=False,
    norm_bias=False,
    norm_placement="pre",
    rotary_theta=1e4,
    local_rotary_theta=1e3,
)


def random_weights(config: EncoderConfig) -> Weights:
    generator = np.random.default_rng(3)
    dim, inner = config.hidden_size, config.intermediate_size
    weights = {}
    for index in range(config.num_hidden_layers):
        block = f"encoder.layers.{index}"
        shapes = {
            "attention.query_key_value": (3 * dim, dim),
            "attention.output": (dim, dim),
            "feed_forward.up": (2 * inner, dim),
            "feed_forward.down": (dim, inner),
            "output_norm": (dim,),
        }
        if index:
            shapes["attention_norm"] = (dim,)
        for name, shape in shapes.items():
            weights[f"{block}.{name}.weight"] = generator.standard_normal(shape, np.float32)
    return weights


@pytest.mark.parametrize("inner", [1, 8, 13, 37])
def test_columns_and_gates_take_turns_by_eight(inner: int) -> None:
    rows = np.arange(1, 2 * inner + 1, dtype=np.float32)
    groups = gated(rows).reshape(-1, 2, 8)
    values, gates = groups[:, 0].ravel(), groups[:, 1].ravel()
    np.testing.assert_array_equal(values[:inner], rows[:inner])
    np.testing.assert_array_equal(gates[:inner], rows[inner:])
    assert len(values) - inner < 8
    assert not values[inner:].any()
    assert not gates[inner:].any()


def test_the_last_block_has_queries_keys_and_values_apart_where_the_first_token_is_read() -> None:
    weights = random_weights(CONFIG)
    packed = rotary_weights(weights, CONFIG)
    assert "blocks.layers.1.query_key_value_panels" in packed
    whole = weights["encoder.layers.2.attention.query_key_value.weight"]
    for name, part in zip(("query", "keys", "values"), np.split(whole, 3), strict=True):
        np.testing.assert_array_equal(packed[f"blocks.layers.2.{name}_panels"], panels(part))
    mean = rotary_weights(weights, replace(CONFIG, pooling="mean"))
    np.testing.assert_array_equal(mean["blocks.layers.2.query_key_value_panels"], panels(whole))


def test_there_are_tables_of_the_kinds_of_blocks_that_there_are() -> None:
    tables = {"blocks.positions", "blocks.local_positions"}
    weights = random_weights(CONFIG)
    assert tables <= rotary_weights(weights, CONFIG).keys()
    for local, name in ((False, "blocks.positions"), (True, "blocks.local_positions")):
        config = replace(CONFIG, local_blocks=(local,) * 3)
        assert tables & rotary_weights(weights, config).keys() == {name}


def test_the_first_block_has_no_norm_before_attention() -> None:
    packed = rotary_weights(random_weights(CONFIG), CONFIG)
    assert "blocks.layers.0.gamma" not in packed
    assert "blocks.layers.1.gamma" in packed
