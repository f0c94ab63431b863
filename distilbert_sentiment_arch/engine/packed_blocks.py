"""Blocks over packed tokens, in our kernels; see ``packed_layers``."""

from __future__ import annotations

from typing import Any

from max.graph import TensorValue, ops
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import call, floats, scalar, weight
from distilbert_sentiment_arch.engine.panels import Packed


class Block(Module):
    """What the blocks have in common: norms, and the layers behind attention."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__()
        name = f"blocks.{index}"
        self.config = config
        self.pre_norm = config.norm_placement == "pre"
        if self.pre_norm:
            self.attention_norm = Norm(config, weights, f"{name}.attention_norm")
        self.output_panels = weight(weights, f"{name}.output_panels")
        self.up_panels = weight(weights, f"{name}.up_panels")
        self.down_panels = weight(weights, f"{name}.down_panels")
        self.vectors = weight(weights, f"{name}.vectors")

    def attention_input(self, hidden: TensorValue) -> TensorValue:
        """Returns what attention reads, ``(tokens, dim)``."""
        return self.attention_norm(hidden) if self.pre_norm else hidden

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


class TransformerBlock(Block):
    """Attention and feed-forward for all tokens, in one operation."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, index)
        name = f"blocks.{index}.query_key_value"
        self.query_key_value_panels = weight(weights, f"{name}_panels")
        self.query_key_value_bias = weight(weights, f"{name}_bias")

    def __call__(self, residual: TensorValue, starts: TensorValue) -> TensorValue:
        """Returns the hidden states, ``(tokens, dim)``."""
        tokens = residual.shape[0]
        hidden = self.attention_input(residual)
        return self.compute(
            "encoder.block",
            [
                *(hidden, residual, starts),
                *(self.query_key_value_panels, self.query_key_value_bias),
            ],
            *(tokens, (tokens, 3 * self.config.hidden_size)),
            pre_norm=self.pre_norm,
        )  # (tokens, dim)


class LastBlock(Block):
    """The last block, for the first token of each sequence only."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, index)
        self.query_panels = weight(weights, f"blocks.{index}.query_panels")
        self.query_bias = weight(weights, f"blocks.{index}.query_bias")
        self.keys_panels = weight(weights, f"blocks.{index}.keys_panels")
        self.values_panels = weight(weights, f"blocks.{index}.values_panels")
        self.values_bias = weight(weights, f"blocks.{index}.values_bias")

    def __call__(self, residual: TensorValue, starts: TensorValue) -> TensorValue:
        """Returns the hidden states of first tokens, ``(batch, dim)``."""
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
            ],
            *(batch, (batch, dim), (batch, self.config.num_attention_heads * dim)),
            pre_norm=self.pre_norm,
        )  # (batch, dim)


class Norm(Module):
    """Layer norm of each row."""

    def __init__(self, config: EncoderConfig, weights: Packed, name: str) -> None:
        super().__init__()
        self.gamma = weight(weights, f"{name}.gamma")
        self.beta = weight(weights, f"{name}.beta")
        self.epsilon = config.layer_norm_eps

    def __call__(self, hidden: TensorValue) -> TensorValue:
        """Returns the normalised rows."""
        return call(
            "encoder.layer_norm",
            [hidden, self.gamma, self.beta, scalar(self.epsilon)],
            floats(*hidden.shape),
        )  # (rows, dim)
