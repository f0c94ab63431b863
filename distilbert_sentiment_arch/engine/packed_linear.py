"""Linear layers and norms of packed rows, in our kernels."""

from __future__ import annotations

from max.graph import TensorValue
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import call, floats, scalar, weight
from distilbert_sentiment_arch.engine.panels import Packed


class Linear(Module):
    """A linear layer and its activation."""

    def __init__(self, weights: Packed, name: str, columns: int, activation: str = "none") -> None:
        super().__init__()
        self.columns = columns
        self.activation = activation
        self.panels = weight(weights, f"{name}.panels")
        self.bias = weight(weights, f"{name}.bias")

    def __call__(self, hidden: TensorValue) -> TensorValue:
        return call(
            "encoder.linear",
            [hidden, self.panels, self.bias],
            floats(hidden.shape[0], self.columns),
            activation=self.activation,
        )  # (rows, columns)


class Norm(Module):
    """Layer norm of each row."""

    def __init__(self, config: EncoderConfig, weights: Packed, name: str) -> None:
        super().__init__()
        self.gamma = weight(weights, f"{name}.gamma")
        self.beta = weight(weights, f"{name}.beta")
        self.epsilon = config.layer_norm_eps

    def __call__(self, hidden: TensorValue) -> TensorValue:
        return call(
            "encoder.layer_norm",
            [hidden, self.gamma, self.beta, scalar(self.epsilon)],
            floats(*hidden.shape),
        )  # (rows, dim)
