"""DistilBERT sequence classifiers: Hugging Face's tensor names -> names in the graph.

Transforms, all of them: layer norms saved as ``.gamma``/``.beta`` (TensorFlow exports) are read as
``.weight``/``.bias``; ``*.position_ids`` buffers and the head of pre-training are dropped; sinusoidal
positions that a checkpoint leaves out are computed; every tensor is cast to the dtype of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
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
    import numpy as np
    import numpy.typing as npt
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

POSITIONS = "distilbert.embeddings.position_embeddings"

_LAYER = "distilbert.transformer.layer.{i}"

TABLE = (
    # checkpoint, graph
    embedding("distilbert.embeddings.word_embeddings", "embeddings.word_embeddings", "vocab_size"),
    embedding(POSITIONS, "embeddings.position_embeddings", "max_position_embeddings"),
    norm("distilbert.embeddings.LayerNorm", "embeddings.layer_norm"),
    linear(f"{_LAYER}.attention.q_lin", "encoder.layers.{i}.attention.query"),
    linear(f"{_LAYER}.attention.k_lin", "encoder.layers.{i}.attention.key"),
    linear(f"{_LAYER}.attention.v_lin", "encoder.layers.{i}.attention.value"),
    linear(f"{_LAYER}.attention.out_lin", "encoder.layers.{i}.attention.output"),
    norm(f"{_LAYER}.sa_layer_norm", "encoder.layers.{i}.attention_norm"),
    linear(f"{_LAYER}.ffn.lin1", "encoder.layers.{i}.feed_forward.up", rows="intermediate_size"),
    linear(
        f"{_LAYER}.ffn.lin2", "encoder.layers.{i}.feed_forward.down", columns="intermediate_size"
    ),
    norm(f"{_LAYER}.output_layer_norm", "encoder.layers.{i}.output_norm"),
    linear("pre_classifier", "classifier.dense"),
    linear("classifier", "classifier.projection", rows="num_labels"),
)

DROPPED = ("vocab_transform.", "vocab_layer_norm.", "vocab_projector.")


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name."""
    specs = specs_of(TABLE, config)
    if config.sinusoidal_positions:
        name = f"{POSITIONS}.weight"
        specs[name] = replace(
            specs[name], compute=partial(sinusoidal_positions, *specs[name].shape)
        )
    return specs


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype, DROPPED)


def sinusoidal_positions(positions: int, dim: int) -> npt.NDArray[np.float32]:
    """Returns the position table of Vaswani et al. 2017 as Hugging Face's DistilBERT fills it.

    Returns:
        Shape ``(positions, dim)``: sines in the even columns, cosines in the odd ones.
    """
    import numpy as np

    frequencies = np.power(10000.0, 2 * np.arange((dim + 1) // 2) / dim)
    angles = np.arange(positions)[:, None] / frequencies
    table = np.empty((positions, dim), np.float32)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : dim // 2])
    return table
