"""Layer norms of an encoder, in MAX's own operations."""

from __future__ import annotations

from max.dtype import DType
from max.graph import DeviceRef, TensorValue
from max.nn.norm import LayerNorm

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig


def layer_norm(
    config: EncoderConfig, dtype: DType, device: DeviceRef, width: int | None = None
) -> LayerNorm:
    """Creates a layer norm as a configuration has them.

    Args:
        config: The encoder's configuration.
        dtype: Of the weights.
        device: Where to compute.
        width: Columns; None for those of the hidden states.
    """
    return LayerNorm(
        width or config.hidden_size,
        devices=[device],
        dtype=dtype,
        eps=config.layer_norm_eps,
        use_bias=config.norm_bias,
    )


def normalise(norm: LayerNorm, hidden: TensorValue) -> TensorValue:
    """Returns hidden states ``(..., width)``, each row of them normalised."""
    normalised: TensorValue = norm(hidden)
    return normalised
