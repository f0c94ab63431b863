"""MPNet sequence classifiers: Hugging Face's tensor names -> names in the graph.

Transforms, all of them: the first rows of the table of positions, which no token has, are left
out, so that the graph counts positions from 0; a pooler and the head of pre-training, which the
classifier does not compute with, and ``*.position_ids`` buffers are dropped; every tensor is cast
to the dtype of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.encoder_config import DISTANCE_BUCKETS, EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import (
    TensorSpec,
    embedding,
    linear,
    norm,
    specs_of,
)

if TYPE_CHECKING:
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

FIRST_POSITION = 2
"""Position of a sequence's first token."""

_EMBEDDINGS = "mpnet.embeddings"
_LAYER = "mpnet.encoder.layer.{i}"
_POSITIONS = f"{_EMBEDDINGS}.position_embeddings.weight"

TABLE = (
    # checkpoint, graph
    embedding(f"{_EMBEDDINGS}.word_embeddings", "embeddings.word_embeddings", "vocab_size"),
    embedding(
        f"{_EMBEDDINGS}.position_embeddings",
        "embeddings.position_embeddings",
        "max_position_embeddings",
    ),
    norm(f"{_EMBEDDINGS}.LayerNorm", "embeddings.layer_norm"),
    linear(f"{_LAYER}.attention.attn.q", "encoder.layers.{i}.attention.query"),
    linear(f"{_LAYER}.attention.attn.k", "encoder.layers.{i}.attention.key"),
    linear(f"{_LAYER}.attention.attn.v", "encoder.layers.{i}.attention.value"),
    linear(f"{_LAYER}.attention.attn.o", "encoder.layers.{i}.attention.output"),
    norm(f"{_LAYER}.attention.LayerNorm", "encoder.layers.{i}.attention_norm"),
    linear(
        f"{_LAYER}.intermediate.dense",
        "encoder.layers.{i}.feed_forward.up",
        rows="intermediate_size",
    ),
    linear(
        f"{_LAYER}.output.dense",
        "encoder.layers.{i}.feed_forward.down",
        columns="intermediate_size",
    ),
    norm(f"{_LAYER}.output.LayerNorm", "encoder.layers.{i}.output_norm"),
    linear("classifier.dense", "classifier.dense"),
    linear("classifier.out_proj", "classifier.projection", rows="num_labels"),
)

DROPPED = ("mpnet.pooler.", "lm_head.")


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name."""
    specs = specs_of(TABLE, config)
    rows, width = specs[_POSITIONS].shape
    specs[_POSITIONS] = replace(
        specs[_POSITIONS], shape=(rows + FIRST_POSITION, width), skipped_rows=FIRST_POSITION
    )
    specs["mpnet.encoder.relative_attention_bias.weight"] = TensorSpec(
        "encoder.distance_biases.weight", (DISTANCE_BUCKETS, config.num_attention_heads)
    )
    return specs


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype, DROPPED)
