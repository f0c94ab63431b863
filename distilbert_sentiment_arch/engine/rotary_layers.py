"""Blocks with rotary positions over packed tokens, in our kernels; see ``packed_layers``.

Unlike the blocks there, they normalise within the operation and have no tables.
"""

from __future__ import annotations

from typing import Any

from max.dtype import DType
from max.graph import TensorValue, ops
from max.nn.layer import LayerList, Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.kernel_calls import call, floats, scalar, weight
from distilbert_sentiment_arch.engine.packed_embeddings import Embeddings
from distilbert_sentiment_arch.engine.packed_head import ClassificationHead
from distilbert_sentiment_arch.engine.packed_linear import Norm
from distilbert_sentiment_arch.engine.panels import Packed

_ANY_DISTANCE = 2**31


class RotaryBlocks(Module):
    """All blocks, and the norm behind them.

    Where the head reads first tokens, the last one computes these alone.
    """

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        *others, last = range(config.num_hidden_layers)
        kind = RotaryLastBlock if config.pooling == "first" else RotaryBlock
        self.layers = LayerList(
            [
                *(RotaryBlock(config, weights, index) for index in others),
                kind(config, weights, last),
            ]
        )
        self.local_blocks = config.local_blocks
        if not all(self.local_blocks):
            self.positions = weight(weights, "blocks.positions")
        if any(self.local_blocks):
            self.local_positions = weight(weights, "blocks.local_positions")
        self.final_norm = Norm(config, weights, "blocks.final_norm")

    def __call__(
        self,
        embeddings: Embeddings,
        head: ClassificationHead,
        input_ids: TensorValue,
        starts: TensorValue,
        first_segments: TensorValue | None,
    ) -> TensorValue:
        """Returns the logits, ``(batch, num_labels)``."""
        hidden = embeddings(input_ids, starts, first_segments)  # (tokens, dim)
        for block, local in zip(self.layers, self.local_blocks, strict=True):
            positions = self.local_positions if local else self.positions
            hidden = block(hidden, starts, positions)
        return head(self.final_norm(hidden), starts)


class RotaryBlock(Module):
    """Attention and gated feed-forward for all tokens, in one operation."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int) -> None:
        super().__init__()
        name = f"blocks.layers.{index}"
        self.config = config
        self.distance = config.local_distance if config.local_blocks[index] else _ANY_DISTANCE
        self.has_norm = index > 0 or config.first_attention_norm
        if self.has_norm:
            self.gamma = weight(weights, f"{name}.gamma")
            self.beta = weight(weights, f"{name}.beta")
        self.output_panels = weight(weights, f"{name}.output_panels")
        self.up_panels = weight(weights, f"{name}.up_panels")
        self.down_panels = weight(weights, f"{name}.down_panels")
        self.vectors = weight(weights, f"{name}.vectors")
        self._add_projection(weights, f"{name}.query_key_value")

    def _add_projection(self, weights: Packed, name: str) -> None:
        self.query_key_value_panels = weight(weights, f"{name}_panels")
        self.query_key_value_bias = weight(weights, f"{name}_bias")

    def __call__(
        self, hidden: TensorValue, starts: TensorValue, positions: TensorValue
    ) -> TensorValue:
        """Returns the block's result, ``(tokens, dim)``."""
        tokens, dim = hidden.shape[0], self.config.hidden_size
        return self._compute(
            "encoder.rotary_block",
            [hidden, starts, positions],
            [self.query_key_value_panels, self.query_key_value_bias],
            *(tokens, (tokens, 3 * dim)),
        )

    def _compute(
        self, operation: str, inputs: list[Any], projection: list[Any], rows: Any, *room: Any
    ) -> TensorValue:
        config = self.config
        dim, inner = config.hidden_size, config.intermediate_size
        shapes = [(rows, dim), *room, (rows, dim), (rows, dim), (rows, inner)]
        # Where there is no norm, the kernel reads neither, and any vectors take their places.
        norm = (self.gamma, self.beta) if self.has_norm else (self.vectors, self.vectors)
        return call(
            operation,
            [
                *(*inputs, *norm, scalar(self.distance, DType.int64), *projection),
                *(self.output_panels, self.up_panels, self.down_panels, self.vectors),
                scalar(config.layer_norm_eps),
            ],
            *(floats(*shape) for shape in shapes),
            heads=config.num_attention_heads,
            activation=config.hidden_act,
            has_norm=self.has_norm,
        )


class RotaryLastBlock(RotaryBlock):
    """The last block, for the first token of each sequence only."""

    def _add_projection(self, weights: Packed, name: str) -> None:
        del name
        prefix = f"blocks.layers.{self.config.num_hidden_layers - 1}"
        self.query_panels = weight(weights, f"{prefix}.query_panels")
        self.query_bias = weight(weights, f"{prefix}.query_bias")
        self.keys_panels = weight(weights, f"{prefix}.keys_panels")
        self.keys_bias = weight(weights, f"{prefix}.keys_bias")
        self.values_panels = weight(weights, f"{prefix}.values_panels")
        self.values_bias = weight(weights, f"{prefix}.values_bias")

    def __call__(
        self, hidden: TensorValue, starts: TensorValue, positions: TensorValue
    ) -> TensorValue:
        """Returns the block's result, ``(batch, dim)``."""
        first = ops.gather(hidden, starts[:-1], axis=0)  # (batch, dim)
        tokens, batch, dim = hidden.shape[0], first.shape[0], self.config.hidden_size
        return self._compute(
            "encoder.rotary_last_block",
            [hidden, first, starts, positions],
            [
                *(self.query_panels, self.query_bias, self.keys_panels, self.keys_bias),
                *(self.values_panels, self.values_bias),
            ],
            *(batch, (tokens, dim), (tokens, dim), (batch, dim), (batch, dim)),
            (batch, self.config.num_attention_heads * dim),
        )
