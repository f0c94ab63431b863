"""Weights of blocks with rotary positions, in the layout that the kernels read."""

from __future__ import annotations

import numpy as np

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.panels import (
    Floats,
    Packed,
    Weights,
    add_linear,
    layer,
    linear_panels,
    whole_panels,
)
from distilbert_sentiment_arch.engine.rotary_positions import rotary_table
from distilbert_sentiment_arch.settings.precision import Precision

GATE = 8
"""Columns before as many gates; ``kernels/linear.mojo`` has the same number."""


def rotary_weights(
    weights: Weights, config: EncoderConfig, precision: Precision = "float32"
) -> Packed:
    """Returns the weights of ``rotary_layers.RotaryBlocks``.

    Queries, keys and values are one matrix, but in a last block that computes first tokens alone.
    In bfloat16x3 such a block's queries and values stay float32.
    """
    packed: Packed = {}
    if not all(config.local_blocks):
        packed["blocks.positions"] = rotary_table(config, local=False)
    if any(config.local_blocks):
        packed["blocks.local_positions"] = rotary_table(config, local=True)
    for index in range(config.num_hidden_layers):
        name, block = f"blocks.layers.{index}", f"encoder.layers.{index}"
        if index > 0 or config.first_attention_norm:
            gamma, beta = layer(weights, f"{block}.attention_norm")
            packed |= {f"{name}.gamma": gamma, f"{name}.beta": beta}
        projection = layer(weights, f"{block}.attention.query_key_value")
        if config.pooling == "first" and index == config.num_hidden_layers - 1:
            parts = zip(*(np.split(each, 3) for each in projection), strict=True)
            for part, (weight, bias) in zip(("query", "keys", "values"), parts, strict=True):
                of_part = precision if part == "keys" else "float32"
                add_linear(packed, f"{name}.{part}_", weight, bias, of_part)
        else:
            add_linear(packed, f"{name}.query_key_value_", *projection, precision)
        output, (up, up_bias), down = (
            layer(weights, f"{block}.{linear}")
            for linear in ("attention.output", "feed_forward.up", "feed_forward.down")
        )
        for linear, matrix in (("output", output[0]), ("up", gated(up)), ("down", down[0])):
            packed[f"{name}.{linear}_panels"] = linear_panels(matrix, precision)
        norm = layer(weights, f"{block}.output_norm")
        biases = whole_panels(gated(up_bias))
        vectors = [*map(whole_panels, (output[1], *norm)), biases, whole_panels(down[1])]
        packed[f"{name}.vectors"] = np.concatenate(vectors)
    return packed


def gated(rows: Floats) -> Floats:
    """Returns the rows of a gated layer, or its bias, in the order of the kernel's columns.

    That is ``GATE`` rows of the first half, as many of the second half, and so on; what fills up
    the last ones is 0.
    """
    values, gates = np.split(rows, 2)
    groups = -(-len(values) // GATE)
    filled = np.zeros((2, groups * GATE, *rows.shape[1:]), np.float32)
    filled[0, : len(values)], filled[1, : len(gates)] = values, gates
    grouped = filled.reshape(2, groups, GATE, *rows.shape[1:]).swapaxes(0, 1)
    return np.ascontiguousarray(grouped).reshape(2 * groups * GATE, *rows.shape[1:])
