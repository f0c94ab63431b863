"""The head over packed tokens, in our kernels; see ``packed_layers``."""

from __future__ import annotations

from max.graph import TensorValue, Weight
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import call, floats
from distilbert_sentiment_arch.engine.packed_linear import Linear, Norm
from distilbert_sentiment_arch.engine.panels import Packed


class ClassificationHead(Module):
    """The head on one row a sequence: linear layer, activation, perhaps a norm, linear layer."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        dim, labels = config.hidden_size, config.num_labels
        self.reads_mean = config.pooling == "mean"
        self.dense = Linear(weights, "classifier.dense", dim, config.head_activation)
        self.projection = Linear(weights, "classifier.projection", labels)
        self.has_norm = config.head_norm
        if self.has_norm:
            self.norm = Norm(config, weights, "classifier.norm")

    def operands(self) -> list[Weight]:
        """Returns what kernels that compute the head, too, take, in their order."""
        layers = (self.dense, self.projection)
        return [each for layer in layers for each in (layer.panels, layer.bias)]

    def __call__(self, hidden: TensorValue, starts: TensorValue) -> TensorValue:
        """Returns the logits, ``(batch, num_labels)``.

        Args:
            hidden: What the last block makes of first tokens, ``(batch, dim)``, or where the head
                reads their mean, of all of them, ``(tokens, dim)``.
            starts: Where each sequence starts, and where the last one ends, ``(batch + 1,)``.
        """
        dense = self.dense(mean(hidden, starts) if self.reads_mean else hidden)
        return self.projection(self.norm(dense) if self.has_norm else dense)


def mean(hidden: TensorValue, starts: TensorValue) -> TensorValue:
    """Returns the mean of each sequence's tokens, ``(batch, dim)``."""
    batch = starts[:-1].shape[0]
    return call("encoder.mean", [hidden, starts], floats(batch, hidden.shape[1]))
