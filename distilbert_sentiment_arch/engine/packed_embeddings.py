"""Embeddings of packed tokens, in our kernels."""

from __future__ import annotations

from max.graph import TensorValue, Weight, ops
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import call, floats, scalar, weight
from distilbert_sentiment_arch.engine.packed_linear import Linear
from distilbert_sentiment_arch.engine.panels import Packed


class Embeddings(Module):
    """Sum of word, position and token type embeddings, normalised and brought to hidden_size."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        self.words = weight(weights, "embeddings.words")
        self.has_positions = "embeddings.positions" in weights
        if self.has_positions:
            self.positions = weight(weights, "embeddings.positions")
        self.has_types = config.has_token_types
        if self.has_types:
            self.types = weight(weights, "embeddings.types")
        self.gamma = weight(weights, "embeddings.gamma")
        self.beta = weight(weights, "embeddings.beta")
        self.epsilon = config.layer_norm_eps
        self.has_projection = config.embedding_size > 0
        if self.has_projection:
            self.projection = Linear(weights, "embeddings.projection", config.hidden_size)

    def operands(
        self, input_ids: TensorValue, starts: TensorValue, first_segments: TensorValue | None
    ) -> list[TensorValue | Weight]:
        """Returns what the kernels take, in their order.

        Without token types, the kernels read neither ``first_segments`` nor the table of types, and
        other tensors take their places; likewise without a table of positions.
        """
        positions: TensorValue | Weight = (
            self.positions if self.has_positions else ops.unsqueeze(self.gamma, 0)
        )
        return [
            *(input_ids, starts, starts if first_segments is None else first_segments),
            *(self.words, positions, self.types if self.has_types else positions),
            *(self.gamma, self.beta),
        ]

    def __call__(
        self, input_ids: TensorValue, starts: TensorValue, first_segments: TensorValue | None
    ) -> TensorValue:
        hidden = call(
            "encoder.embed",
            [*self.operands(input_ids, starts, first_segments), scalar(self.epsilon)],
            floats(input_ids.shape[0], self.words.shape[1]),
            has_types=self.has_types,
            has_positions=self.has_positions,
        )  # (tokens, embedding_width)
        return self.projection(hidden) if self.has_projection else hidden
