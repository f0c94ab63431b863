"""BERT sequence classifiers: Hugging Face's tensor names -> names in the graph.

Transforms, all of them: layer norms saved as ``.gamma``/``.beta`` (TensorFlow exports) are read as
``.weight``/``.bias``; ``*.position_ids`` buffers are dropped; every tensor is cast to the dtype of
the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
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

_EMBEDDINGS = "bert.embeddings"
_LAYER = "bert.encoder.layer.{i}"

TABLE = (
    # checkpoint, graph
    embedding(f"{_EMBEDDINGS}.word_embeddings", "embeddings.word_embeddings", "vocab_size"),
    embedding(
        f"{_EMBEDDINGS}.position_embeddings",
        "embeddings.position_embeddings",
        "max_position_embeddings",
    ),
    embedding(
        f"{_EMBEDDINGS}.token_type_embeddings",
        "embeddings.token_type_embeddings",
        "type_vocab_size",
    ),
    norm(f"{_EMBEDDINGS}.LayerNorm", "embeddings.layer_norm"),
    linear(f"{_LAYER}.attention.self.query", "encoder.layers.{i}.attention.query"),
    linear(f"{_LAYER}.attention.self.key", "encoder.layers.{i}.attention.key"),
    linear(f"{_LAYER}.attention.self.value", "encoder.layers.{i}.attention.value"),
    linear(f"{_LAYER}.attention.output.dense", "encoder.layers.{i}.attention.output"),
    norm(f"{_LAYER}.attention.output.LayerNorm", "encoder.layers.{i}.attention_norm"),
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
    linear("bert.pooler.dense", "classifier.dense"),
    linear("classifier", "classifier.projection", rows="num_labels"),
)


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name."""
    return specs_of(TABLE, config)


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype)
