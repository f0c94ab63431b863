"""Graph weights in the layout that the kernels read, made once at load.

Matrices become panels of 64 columns. The small vectors behind attention become one vector a block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distilbert_sentiment_arch.engine.code_weights import pack_codes
from distilbert_sentiment_arch.engine.convolution_weights import convolution_weights
from distilbert_sentiment_arch.engine.disentangled_weights import PositionWeights
from distilbert_sentiment_arch.engine.distance_biases import packed_biases
from distilbert_sentiment_arch.engine.embedding_weights import embedding_weights
from distilbert_sentiment_arch.engine.first_block_tables import empty_tables, has_tables
from distilbert_sentiment_arch.engine.panels import (
    Floats,
    Packed,
    Weights,
    add_linear,
    add_norm,
    layer,
    linear_panels,
    narrowed,
    panels,
    side_by_side,
    whole_panels,
)
from distilbert_sentiment_arch.engine.rotary_weights import rotary_weights

if TYPE_CHECKING:
    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
    from distilbert_sentiment_arch.settings.precision import Precision

_BEHIND_ATTENTION = ("output_panels", "up_panels", "down_panels", "vectors")


def pack(weights: Weights, config: EncoderConfig, precision: Precision = "float32") -> Packed:
    """Returns the weights of ``PackedEncoderForSequenceClassification``.

    In float32, queries, keys and values are one matrix, with two exceptions. Where ``has_tables``,
    the first block has tables in its place, which are 0 here and take no memory before
    ``fill_tables`` fills them. In the last block, which computes the first tokens alone, they are
    three: that of the keys is transposed and has no bias, see ``kernels/single_query.mojo``.
    Disentangled attention computes keys in the last block, too, and has position keys and queries
    besides. In bfloat16x3 the blocks' matrices are split, but the queries, keys and values of the
    last block's first tokens; the head stays float32. For int8 and bfloat16 see ``pack_codes``.

    Args:
        weights: Those of ``EncoderForSequenceClassification``, float32. A missing bias is 0.
        config: The encoder's configuration.
        precision: What the linear layers of the blocks are computed in.
    """
    if precision in ("int8", "bfloat16"):
        return pack_codes(weights, config, precision)
    packed = embedding_weights(weights, config)
    if config.attention == "rotary":
        packed |= rotary_weights(weights, config, precision)
    else:
        packed |= _blocks(weights, config, packed, precision)
    if config.conv_kernel_size:
        packed |= convolution_weights(weights, config, precision)
    if config.norm_placement == "pre":
        add_norm(packed, "blocks.final_norm", weights, "encoder.final_norm")
    for linear in ("dense", "projection"):
        add_linear(packed, f"classifier.{linear}.", *layer(weights, f"classifier.{linear}"))
    if config.head_norm:
        add_norm(packed, "classifier.norm", weights, "classifier.norm")
    return packed


def _blocks(
    weights: Weights, config: EncoderConfig, embeddings: Packed, precision: Precision
) -> Packed:
    packed: Packed = {}
    last = config.num_hidden_layers - 1
    disentangled = config.attention == "disentangled"
    positions = PositionWeights(weights, config) if disentangled else None
    biases = packed_biases(weights, config) if config.attention == "biased" else None
    packed_first: dict[int, str] = {}
    for index in range(config.num_hidden_layers):
        name, block = f"blocks.layers.{index}", f"encoder.layers.{config.layer_of(index)}"
        # Blocks of the same layer have the same arrays: they are in memory once.
        same = packed_first.setdefault(config.layer_of(index), name)
        if same != name and index != last:
            packed |= _of_block(packed, same, name)
            continue
        query, key, value = (
            layer(weights, f"{block}.attention.{part}") for part in ("query", "key", "value")
        )
        if config.norm_placement == "pre":
            add_norm(packed, f"{name}.attention_norm", weights, f"{block}.attention_norm")
        if index == last:
            add_linear(packed, f"{name}.query_", *query)
            if positions is not None:
                add_linear(packed, f"{name}.key_", *key, precision)
                packed |= positions.of_last_block(index)
            else:
                packed[f"{name}.keys_panels"] = narrowed(panels(key[0].T))
            add_linear(packed, f"{name}.values_", *value)
        elif index == 0 and has_tables(config):
            packed |= empty_tables(embeddings, *side_by_side(query, key, value))
        else:
            projection = side_by_side(query, key, value)
            add_linear(packed, f"{name}.query_key_value_", *projection, precision)
            if positions is not None:
                packed |= positions.of_block(index)
        if biases is not None:
            packed[f"{name}.distance_biases"] = biases
        if same != name:
            packed |= _of_block(packed, same, name, _BEHIND_ATTENTION)
            continue
        for linear in ("attention.output", "feed_forward.up", "feed_forward.down"):
            matrix = weights[f"{block}.{linear}.weight"]
            packed[f"{name}.{linear.rpartition('.')[2]}_panels"] = linear_panels(matrix, precision)
        packed[f"{name}.vectors"] = _vectors(weights, block, config)
    return packed


def _of_block(packed: Packed, block: str, other: str, names: tuple[str, ...] = ()) -> Packed:
    """Returns the arrays of a block, all of them or those named, under the name of another one."""
    prefix = f"{block}."
    return {
        f"{other}.{name.removeprefix(prefix)}": array
        for name, array in packed.items()
        if name.startswith(prefix) and (not names or name.removeprefix(prefix) in names)
    }


def _vectors(weights: Weights, block: str, config: EncoderConfig) -> Floats:
    """Returns the biases, gammas and betas behind attention, in ``kernels/tail.mojo``'s order."""
    output, up, down = (
        layer(weights, f"{block}.{name}")[1]
        for name in ("attention.output", "feed_forward.up", "feed_forward.down")
    )
    output_norm = layer(weights, f"{block}.output_norm")
    if config.norm_placement == "pre":  # attention's norm comes before it
        vectors = [output, *output_norm, up, down]
    else:
        vectors = [output, *layer(weights, f"{block}.attention_norm"), up, down, *output_norm]
    return np.concatenate([whole_panels(vector) for vector in vectors])
