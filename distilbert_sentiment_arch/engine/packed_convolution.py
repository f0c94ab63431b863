"""A convolution beside the first block over packed tokens, in our kernels; see ``convolution``."""

from __future__ import annotations

from max.graph import TensorValue, ops
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import call, floats
from distilbert_sentiment_arch.engine.packed_linear import Linear, Norm
from distilbert_sentiment_arch.engine.panels import Packed


class Convolution(Module):
    """A linear layer on the embeddings around each token, added to the first block's result."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        dim = config.hidden_size
        self.width = config.conv_kernel_size * dim
        # Where the first block is the last one, it computes these alone.
        self.first_tokens = config.num_hidden_layers == 1
        self.linear = Linear(weights, "blocks.convolution.linear", dim, config.conv_act)
        self.norm = Norm(config, weights, "blocks.convolution.norm")

    def __call__(
        self, embeddings: TensorValue, hidden: TensorValue, starts: TensorValue
    ) -> TensorValue:
        """Returns the hidden states with the convolution, in the shape of ``hidden``.

        Args:
            embeddings: Of the tokens, ``(tokens, dim)``.
            hidden: What the first block makes of them, likewise, or ``(batch, dim)`` of first
                tokens.
            starts: Where each sequence starts, and where the last one ends, ``(batch + 1,)``.
        """
        shape = floats(embeddings.shape[0], self.width)
        around = call("encoder.unfold", [embeddings, starts], shape)
        if self.first_tokens:
            around = ops.gather(around, starts[:-1], axis=0)
        return self.norm(hidden + self.linear(around))
