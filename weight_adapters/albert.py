"""ALBERT sequence classifiers: Hugging Face's tensor names -> names in the graph.

Transforms, all of them: the layers of all groups are numbered through; layer norms saved as
``.gamma``/``.beta`` (TensorFlow exports) are read as ``.weight``/``.bias``; ``*.position_ids``
buffers and the heads of pre-training are dropped; every tensor is cast to the dtype of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import (
    TableRow,
    TensorSpec,
    linear,
    norm,
    specs_of,
)
from weight_adapters.bert_layout import embedding_rows

if TYPE_CHECKING:
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

_GROUPS = "albert.encoder.albert_layer_groups"

OUTSIDE_LAYERS = (
    *embedding_rows("albert"),
    linear(
        "albert.encoder.embedding_hidden_mapping_in",
        "embeddings.projection",
        columns="embedding_size",
    ),
    linear("albert.pooler", "classifier.dense"),
    linear("classifier", "classifier.projection", rows="num_labels"),
)

DROPPED = ("predictions.", "sop_classifier.")


def layer_rows(group: int, layer: int, number: int) -> tuple[TableRow, ...]:
    """Returns the rows of a layer of a group, which has a number among all layers."""
    ours = f"{_GROUPS}.{group}.albert_layers.{layer}"
    graph = f"encoder.layers.{number}"
    return (
        # checkpoint, graph
        linear(f"{ours}.attention.query", f"{graph}.attention.query"),
        linear(f"{ours}.attention.key", f"{graph}.attention.key"),
        linear(f"{ours}.attention.value", f"{graph}.attention.value"),
        linear(f"{ours}.attention.dense", f"{graph}.attention.output"),
        norm(f"{ours}.attention.LayerNorm", f"{graph}.attention_norm"),
        linear(f"{ours}.ffn", f"{graph}.feed_forward.up", rows="intermediate_size"),
        linear(f"{ours}.ffn_output", f"{graph}.feed_forward.down", columns="intermediate_size"),
        norm(f"{ours}.full_layer_layer_norm", f"{graph}.output_norm"),
    )


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name."""
    layers = [
        row
        for number in range(config.num_distinct_layers)
        for row in layer_rows(*divmod(number, config.layers_per_group), number)
    ]
    return specs_of((*OUTSIDE_LAYERS, *layers), config)


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype, DROPPED)
