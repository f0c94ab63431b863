"""A convolution beside the first block, in MAX's operations (DeBERTa v2, xlarge and xxlarge).

No paper defines it; Hugging Face's ``ConvLayer`` does.
"""

from __future__ import annotations

from max.dtype import DType
from max.graph import DeviceRef, TensorValue, Weight, ops
from max.nn.layer import Module
from max.nn.norm import LayerNorm

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.activation_ops import ACTIVATION_OPS
from distilbert_sentiment_arch.engine.float32_products import product


class Convolution(Module):
    """Adds what the embeddings around each token make to the first block's result, normalised.

    A text's embeddings are followed by zeros at both ends, as far as the convolution reads.
    """

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        dim = config.hidden_size
        self.groups, self.size = config.conv_groups, config.conv_kernel_size
        self.weight = Weight("weight", dtype, [dim, config.conv_group_size, self.size], device)
        self.bias = Weight("bias", dtype, [dim], device)
        self.activation = ACTIVATION_OPS[config.conv_act]
        self.layer_norm = LayerNorm(dim, devices=[device], dtype=dtype, eps=config.layer_norm_eps)

    def __call__(
        self, embeddings: TensorValue, hidden: TensorValue, mask: TensorValue
    ) -> TensorValue:
        """Returns the hidden states with the convolution, ``(batch, seq, dim)``.

        Args:
            embeddings: Of the tokens, ``(batch, seq, dim)``.
            hidden: What the first block makes of them, likewise.
            mask: 0 at real tokens, below 0 at padding, ``(batch, 1, 1, seq)``.
        """
        convolved = self._product(self._around(embeddings, mask)) + self.bias
        normalised: TensorValue = self.layer_norm(hidden + self.activation(convolved))
        return normalised

    def _around(self, embeddings: TensorValue, mask: TensorValue) -> TensorValue:
        """Returns the embeddings around each token, ``(batch, seq, dim, size)``."""
        batch, seq = embeddings.shape[0], embeddings.shape[1]
        real = ops.reshape(mask, (batch, seq, 1)) >= 0
        zero = ops.constant(0.0, embeddings.dtype, device=embeddings.device)
        beyond = self.size // 2
        padded = ops.pad(ops.where(real, embeddings, zero), [0, 0, beyond, beyond, 0, 0])
        length = TensorValue(seq)
        return ops.stack(
            [padded[:, (slice(step, length + step), seq)] for step in range(self.size)], axis=3
        )

    def _product(self, around: TensorValue) -> TensorValue:
        """Returns each group's columns times its weights, ``(batch, seq, dim)``."""
        batch, seq, dim = around.shape[0], around.shape[1], around.shape[2]
        width = dim // self.groups
        rows = ops.reshape(around, (batch * seq, self.groups, width * self.size))
        weight = ops.reshape(self.weight, (self.groups, width, width * self.size))
        products = product(ops.permute(rows, [1, 0, 2]), ops.permute(weight, [0, 2, 1]))
        return ops.reshape(ops.permute(products, [1, 0, 2]), (batch, seq, dim))
