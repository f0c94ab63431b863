"""Weights of a convolution as those of a linear layer on the embeddings around each token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distilbert_sentiment_arch.engine.panels import Packed, Weights, add_linear, add_norm

if TYPE_CHECKING:
    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
    from distilbert_sentiment_arch.settings.precision import Precision

_NAME = "encoder.convolution"


def convolution_weights(
    weights: Weights, config: EncoderConfig, precision: Precision = "float32"
) -> Packed:
    """Returns the weights of ``packed_convolution.Convolution``.

    The linear layer has depth ``conv_kernel_size * hidden_size``: the columns of the first token
    that is read, then those of the next one. Between columns of different groups it is 0: with
    groups it multiplies more than it needs to, as much as published checkpoints, which have none.

    Args:
        weights: Those of the graph, float32.
        config: The encoder's configuration.
        precision: What the linear layer is computed in, float32 or bfloat16x3.
    """
    dim, width = config.hidden_size, config.conv_group_size
    of_groups = weights[f"{_NAME}.weight"]  # (dim, width, conv_kernel_size)
    matrix = np.zeros((dim, config.conv_kernel_size, dim), np.float32)
    for start in range(0, dim, width):
        group = slice(start, start + width)
        matrix[group, :, group] = of_groups[group].transpose(0, 2, 1)
    packed: Packed = {}
    add_linear(
        packed,
        "blocks.convolution.linear.",
        matrix.reshape(dim, -1),
        weights[f"{_NAME}.bias"],
        precision,
    )
    add_norm(packed, "blocks.convolution.norm", weights, f"{_NAME}.layer_norm")
    return packed
