"""DeBERTa v2 and v3 sequence classifiers: Hugging Face's tensor names -> names in the graph.

Transforms, all of them: the heads of pre-training and ``*.position_ids`` buffers are dropped, and
the table of positions and the norm of distances where the configuration does without them; layer
norms saved as ``.gamma``/``.beta`` are read as ``.weight``/``.bias``; every tensor is cast to the
dtype of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import (
    TableRow,
    TensorSpec,
    convolution,
    embedding,
    linear,
    norm,
    specs_of,
)

if TYPE_CHECKING:
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

_EMBEDDINGS = "deberta.embeddings"
_ENCODER = "deberta.encoder"
_LAYER = "deberta.encoder.layer.{i}"
_GRAPH = "encoder.layers.{i}"

TABLE = (
    # checkpoint, graph
    embedding(f"{_EMBEDDINGS}.word_embeddings", "embeddings.word_embeddings", "vocab_size"),
    norm(f"{_EMBEDDINGS}.LayerNorm", "embeddings.layer_norm"),
    linear(f"{_LAYER}.attention.self.query_proj", f"{_GRAPH}.attention.query"),
    linear(f"{_LAYER}.attention.self.key_proj", f"{_GRAPH}.attention.key"),
    linear(f"{_LAYER}.attention.self.value_proj", f"{_GRAPH}.attention.value"),
    linear(f"{_LAYER}.attention.output.dense", f"{_GRAPH}.attention.output"),
    norm(f"{_LAYER}.attention.output.LayerNorm", f"{_GRAPH}.attention_norm"),
    linear(f"{_LAYER}.intermediate.dense", f"{_GRAPH}.feed_forward.up", rows="intermediate_size"),
    linear(f"{_LAYER}.output.dense", f"{_GRAPH}.feed_forward.down", columns="intermediate_size"),
    norm(f"{_LAYER}.output.LayerNorm", f"{_GRAPH}.output_norm"),
    linear("pooler.dense", "classifier.dense"),
    linear("classifier", "classifier.projection", rows="num_labels"),
)
"""Of every configuration."""

_POSITIONS = embedding(
    f"{_EMBEDDINGS}.position_embeddings",
    "embeddings.position_embeddings",
    "max_position_embeddings",
)
_TOKEN_TYPES = embedding(
    f"{_EMBEDDINGS}.token_type_embeddings", "embeddings.token_type_embeddings", "type_vocab_size"
)
_RELATIVE = embedding(
    f"{_ENCODER}.rel_embeddings", "encoder.relative.embeddings", "relative_embeddings"
)
_RELATIVE_NORM = norm(f"{_ENCODER}.LayerNorm", "encoder.relative.layer_norm")
_POSITION_KEY = linear(f"{_LAYER}.attention.self.pos_key_proj", f"{_GRAPH}.attention.position_key")
_POSITION_QUERY = linear(
    f"{_LAYER}.attention.self.pos_query_proj", f"{_GRAPH}.attention.position_query"
)
_CONVOLUTION = convolution(f"{_ENCODER}.conv.conv", "encoder.convolution")
_CONVOLUTION_NORM = norm(f"{_ENCODER}.conv.LayerNorm", "encoder.convolution.layer_norm")

DROPPED = (
    "cls.",
    "lm_predictions.",
    "mask_predictions.",
    f"{_EMBEDDINGS}.position_embeddings.",
    f"{_ENCODER}.LayerNorm.",
)
"""The last two are in ``tensor_specs`` of configurations that use them."""


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name."""
    relative = config.attention == "disentangled"
    own = relative and not config.share_att_key
    further: list[tuple[bool, TableRow]] = [
        (config.has_position_table, _POSITIONS),
        (config.type_vocab_size > 0, _TOKEN_TYPES),
        (relative, _RELATIVE),
        (relative and config.norm_rel_ebd, _RELATIVE_NORM),
        (own and config.content_to_position, _POSITION_KEY),
        (own and config.position_to_content, _POSITION_QUERY),
        (config.conv_kernel_size > 0, _CONVOLUTION),
        (config.conv_kernel_size > 0, _CONVOLUTION_NORM),
    ]
    return specs_of([*TABLE, *(row for exists, row in further if exists)], config)


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype, DROPPED)
