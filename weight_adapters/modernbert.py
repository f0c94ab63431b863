"""ModernBERT sequence classifiers: Hugging Face's tensor names -> names in the graph.

Transforms, all of them: layer norms saved as ``.gamma``/``.beta`` (TensorFlow exports) are read as
``.weight``/``.bias``; the decoder of pre-training is dropped; every tensor is cast to the dtype of
the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import (
    TableRow,
    TensorSpec,
    embedding,
    linear,
    norm,
    specs_of,
)

if TYPE_CHECKING:
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

DROPPED = ("decoder.",)

_LAYER = "model.layers.{i}"
_GRAPH = "encoder.layers.{i}"
_FIRST_NORM = "model.layers.0.attn_norm."


def _table(config: EncoderConfig) -> tuple[TableRow, ...]:
    attention, mlp, norms = config.attention_bias, config.mlp_bias, config.norm_bias
    return (
        # checkpoint, graph
        embedding("model.embeddings.tok_embeddings", "embeddings.word_embeddings", "vocab_size"),
        norm("model.embeddings.norm", "embeddings.layer_norm", has_bias=norms),
        norm(f"{_LAYER}.attn_norm", f"{_GRAPH}.attention_norm", has_bias=norms),
        linear(
            f"{_LAYER}.attn.Wqkv",
            f"{_GRAPH}.attention.query_key_value",
            rows="query_key_value_size",
            has_bias=attention,
        ),
        linear(f"{_LAYER}.attn.Wo", f"{_GRAPH}.attention.output", has_bias=attention),
        norm(f"{_LAYER}.mlp_norm", f"{_GRAPH}.output_norm", has_bias=norms),
        linear(f"{_LAYER}.mlp.Wi", f"{_GRAPH}.feed_forward.up", rows="up_size", has_bias=mlp),
        linear(
            f"{_LAYER}.mlp.Wo",
            f"{_GRAPH}.feed_forward.down",
            columns="intermediate_size",
            has_bias=mlp,
        ),
        norm("model.final_norm", "encoder.final_norm", has_bias=norms),
        linear("head.dense", "classifier.dense", has_bias=config.head_bias),
        norm("head.norm", "classifier.norm", has_bias=norms),
        linear("classifier", "classifier.projection", rows="num_labels"),
    )


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name."""
    specs = specs_of(_table(config), config)
    # The embeddings are normalised: no norm comes between them and the first attention.
    return {name: spec for name, spec in specs.items() if not name.startswith(_FIRST_NORM)}


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype, DROPPED)
