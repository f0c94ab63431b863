"""Transformer blocks over packed tokens, in our kernels; see ``packed_layers``."""

from __future__ import annotations

from typing import Any

from max.graph import TensorValue, Weight, ops
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import call, floats, scalar, weight
from distilbert_sentiment_arch.engine.packed_embeddings import Embeddings
from distilbert_sentiment_arch.engine.packed_linear import Norm
from distilbert_sentiment_arch.engine.panels import Packed


class Block(Module):
    """What the blocks have in common: norms, and the layers behind attention."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__()
        name = f"blocks.layers.{index}"
        self.config = config
        self.pre_norm = config.norm_placement == "pre"
        if self.pre_norm:
            self.attention_norm = Norm(config, weights, f"{name}.attention_norm")
        self.has_biases = config.attention == "biased"
        if self.has_biases:
            self.distance_biases = weight(weights, f"{name}.distance_biases")
        self.output_panels = weight(weights, f"{name}.output_panels")
        self.up_panels = weight(weights, f"{name}.up_panels")
        self.down_panels = weight(weights, f"{name}.down_panels")
        self.vectors = weight(weights, f"{name}.vectors")

    def attention_input(self, hidden: TensorValue) -> TensorValue:
        """Returns what attention reads, ``(tokens, dim)``."""
        return self.attention_norm(hidden) if self.pre_norm else hidden

    def biases(self, unread: TensorValue) -> TensorValue | Weight:
        """Returns the biases of scores, or what takes their place and is not read."""
        return self.distance_biases if self.has_biases else unread

    def compute(
        self, operation: str, values: list[Any], rows: Any, *room: Any, **parameters: bool
    ) -> TensorValue:
        """Returns the block's result, ``(rows, dim)``.

        Args:
            operation: Name of the kernel.
            values: What it takes before the weights behind attention.
            rows: Tokens or sequences.
            room: Shapes of the memory for attention's input; the memory planner reuses it from
                block to block.
            parameters: Further parameters of the kernel.
        """
        config = self.config
        dim, inner = config.hidden_size, config.intermediate_size
        shapes = [(rows, dim), *room, (rows, dim), (rows, dim), (rows, inner)]
        return call(
            operation,
            [
                *values,
                *(self.output_panels, self.up_panels, self.down_panels, self.vectors),
                scalar(config.layer_norm_eps),
            ],
            *(floats(*shape) for shape in shapes),
            heads=config.num_attention_heads,
            activation=config.hidden_act,
            **parameters,
        )


class FirstBlock(Block):
    """Embeddings, whose queries, keys and values are looked up, and the rest of a block."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int = 0) -> None:
        super().__init__(config, weights, index)
        name = f"blocks.layers.{index}.projected"
        self.words = weight(weights, f"{name}_words")
        self.positions = weight(weights, f"{name}_positions")
        if config.has_token_types:
            self.types = weight(weights, f"{name}_types")
        self.bias = weight(weights, f"{name}_bias")

    def __call__(
        self,
        embeddings: Embeddings,
        input_ids: TensorValue,
        starts: TensorValue,
        first_segments: TensorValue | None,
    ) -> TensorValue:
        tokens, dim = input_ids.shape[0], self.config.hidden_size
        has_types = self.config.has_token_types
        types = self.types if has_types else self.positions  # not read without token types
        return self.compute(
            "encoder.first_block",
            [
                *embeddings.operands(input_ids, starts, first_segments),
                *(self.words, self.positions, types, self.bias),
            ],
            *(tokens, (tokens, dim), (tokens, 3 * dim)),
            has_types=has_types,
        )  # (tokens, dim)


class TransformerBlock(Block):
    """Attention and feed-forward for all tokens, in one operation."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, index)
        name = f"blocks.layers.{index}.query_key_value"
        self.query_key_value_panels = weight(weights, f"{name}_panels")
        self.query_key_value_bias = weight(weights, f"{name}_bias")

    def __call__(self, residual: TensorValue, starts: TensorValue) -> TensorValue:
        tokens = residual.shape[0]
        hidden = self.attention_input(residual)
        return self.compute(
            "encoder.block",
            [
                *(hidden, residual, starts),
                *(self.query_key_value_panels, self.query_key_value_bias),
                self.biases(hidden),
            ],
            *(tokens, (tokens, 3 * self.config.hidden_size)),
            pre_norm=self.pre_norm,
            has_biases=self.has_biases,
        )  # (tokens, dim)


class LastBlock(Block):
    """The last block, for the first token of each sequence only."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, index)
        self.query_panels = weight(weights, f"blocks.layers.{index}.query_panels")
        self.query_bias = weight(weights, f"blocks.layers.{index}.query_bias")
        self.keys_panels = weight(weights, f"blocks.layers.{index}.keys_panels")
        self.values_panels = weight(weights, f"blocks.layers.{index}.values_panels")
        self.values_bias = weight(weights, f"blocks.layers.{index}.values_bias")

    def __call__(self, residual: TensorValue, starts: TensorValue) -> TensorValue:
        hidden = self.attention_input(residual)
        first_residual = ops.gather(residual, starts[:-1], axis=0)  # (batch, dim)
        first_hidden = first_residual
        if self.pre_norm:
            first_hidden = ops.gather(hidden, starts[:-1], axis=0)
        batch, dim = first_residual.shape[0], self.config.hidden_size
        return self.compute(
            "encoder.last_block",
            [
                *(hidden, first_hidden, first_residual, starts),
                *(self.query_panels, self.query_bias, self.keys_panels),
                *(self.values_panels, self.values_bias),
                self.biases(hidden),
            ],
            *(batch, (batch, dim), (batch, self.config.num_attention_heads * dim)),
            pre_norm=self.pre_norm,
            has_biases=self.has_biases,
        )  # (batch, dim)
