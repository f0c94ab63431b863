"""Blocks with disentangled attention over packed tokens, in our kernels; see ``packed_layers``."""

from __future__ import annotations

from max.graph import TensorValue, Weight, ops
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import weight
from distilbert_sentiment_arch.engine.packed_blocks import Block, TransformerBlock
from distilbert_sentiment_arch.engine.panels import Packed


class Positions(Module):
    """What ``disentangled_weights`` packed for a block."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__()
        self.terms = {
            "content_to_position": config.content_to_position,
            "position_to_content": config.position_to_content,
        }
        if config.content_to_position:
            self.keys = weight(weights, f"blocks.layers.{index}.positions.keys")
        if config.position_to_content:
            self.queries = weight(weights, f"blocks.layers.{index}.positions.queries")

    def __call__(self) -> tuple[Weight, Weight]:
        """Returns keys and queries; the kernel does not read the one that does not exist."""
        found = [getattr(self, name) for name in ("keys", "queries") if hasattr(self, name)]
        return found[0], found[-1]


class DisentangledBlock(TransformerBlock):
    """A block with disentangled attention for all tokens."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, index)
        self.positions = Positions(config, weights, index)

    def __call__(self, residual: TensorValue, starts: TensorValue) -> TensorValue:
        tokens = residual.shape[0]
        return self.compute(
            "encoder.disentangled_block",
            [
                *(self.attention_input(residual), residual, starts),
                *(self.query_key_value_panels, self.query_key_value_bias),
                *self.positions(),
            ],
            *(tokens, (tokens, 3 * self.config.hidden_size)),
            pre_norm=self.pre_norm,
            **self.positions.terms,
        )  # (tokens, dim)


class DisentangledLastBlock(Block):
    """The last block with disentangled attention, for the first token of each sequence only."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, index)
        self.query_panels = weight(weights, f"blocks.layers.{index}.query_panels")
        self.query_bias = weight(weights, f"blocks.layers.{index}.query_bias")
        self.key_panels = weight(weights, f"blocks.layers.{index}.key_panels")
        self.key_bias = weight(weights, f"blocks.layers.{index}.key_bias")
        self.values_panels = weight(weights, f"blocks.layers.{index}.values_panels")
        self.values_bias = weight(weights, f"blocks.layers.{index}.values_bias")
        self.positions = Positions(config, weights, index)

    def __call__(self, residual: TensorValue, starts: TensorValue) -> TensorValue:
        hidden = self.attention_input(residual)
        first_residual = ops.gather(residual, starts[:-1], axis=0)  # (batch, dim)
        first_hidden = ops.gather(hidden, starts[:-1], axis=0)
        batch, dim = first_residual.shape[0], self.config.hidden_size
        return self.compute(
            "encoder.disentangled_last_block",
            [
                *(hidden, first_hidden, first_residual, starts),
                *(self.query_panels, self.query_bias, self.key_panels, self.key_bias),
                *(self.values_panels, self.values_bias),
                *self.positions(),
            ],
            *(batch, (batch, dim), (residual.shape[0], dim)),
            (batch, self.config.num_attention_heads * dim),
            pre_norm=self.pre_norm,
            **self.positions.terms,
        )  # (batch, dim)
