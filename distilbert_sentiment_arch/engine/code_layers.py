"""The blocks and the head in int8 or bfloat16: one operation of ``kernels/``."""

from __future__ import annotations

from typing import Any

from max.dtype import DType
from max.graph import TensorType, TensorValue
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.code_weights import CODE_BYTES, LINE
from distilbert_sentiment_arch.engine.first_block_tables import has_tables
from distilbert_sentiment_arch.engine.kernel_calls import CPU_DEVICE, call, floats, scalar, weight
from distilbert_sentiment_arch.engine.packed_embeddings import Embeddings
from distilbert_sentiment_arch.engine.packed_head import ClassificationHead
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.machine.processor import read_processor
from distilbert_sentiment_arch.settings.precision import CodePrecision

MOST_ROWS_BY_PANELS = 256
"""``kernels/pass_room.mojo`` has the same number."""

SPARE_ROWS = 32
"""``kernels/codes.mojo`` has the same number."""

_MATRIX_UNITS = {"int8": "amx_int8", "bfloat16": "amx_bf16"}

_TABLES = ("projected_words", "projected_positions", "projected_types", "projected_bias")


class CodeBlocks(Module):
    """All blocks and the head, from what the embeddings' kernels take to logits.

    Args:
        config: The encoder's configuration.
        weights: The result of ``code_weights.pack_codes``; only dtypes and shapes are read.
        precision: What it was called with.
    """

    def __init__(self, config: EncoderConfig, weights: Packed, precision: CodePrecision) -> None:
        super().__init__()
        self.config = config
        self.precision: CodePrecision = precision
        self.has_tables = has_tables(config)
        if self.has_tables:
            self.projected_words = weight(weights, "blocks.projected_words")
            self.projected_positions = weight(weights, "blocks.projected_positions")
            if config.has_token_types:
                self.projected_types = weight(weights, "blocks.projected_types")
            self.projected_bias = weight(weights, "blocks.projected_bias")
        self.first_norm = weight(weights, "blocks.first_norm")
        self.qkv_panels = weight(weights, "blocks.qkv_panels")
        self.qkv_vectors = weight(weights, "blocks.qkv_vectors")
        self.output_panels = weight(weights, "blocks.output_panels")
        self.up_panels = weight(weights, "blocks.up_panels")
        self.down_panels = weight(weights, "blocks.down_panels")
        self.vectors = weight(weights, "blocks.vectors")
        self.query_panels = weight(weights, "blocks.query_panels")
        self.query_vectors = weight(weights, "blocks.query_vectors")
        self.keys_panels = weight(weights, "blocks.keys_panels")
        self.values_panels = weight(weights, "blocks.values_panels")
        self.values_bias = weight(weights, "blocks.values_bias")

    def __call__(
        self,
        embeddings: Embeddings,
        head: ClassificationHead,
        input_ids: TensorValue,
        starts: TensorValue,
        first_segments: TensorValue | None,
    ) -> TensorValue:
        """Returns the logits, ``(batch, num_labels)``."""
        config = self.config
        batch = starts.shape[0] - 1
        room = room_bytes(config, self.precision, input_ids.shape[0], batch)
        embedding = embeddings.operands(input_ids, starts, first_segments)
        return call(
            "encoder.pass",
            [
                *embedding,
                *self._tables(embedding),
                *(self.first_norm, self.qkv_panels, self.qkv_vectors),
                *(self.output_panels, self.up_panels, self.down_panels, self.vectors),
                *(self.query_panels, self.query_vectors),
                *(self.keys_panels, self.values_panels, self.values_bias),
                *head.operands(),
                scalar(config.intermediate_size, DType.int64),
                scalar(config.layer_norm_eps),
            ],
            floats(batch, config.num_labels),
            TensorType(DType.uint8, [room], device=CPU_DEVICE),
            heads=config.num_attention_heads,
            activation=config.hidden_act,
            head_activation=config.head_activation,
            has_types=config.has_token_types,
            has_tables=self.has_tables,
            pre_norm=config.norm_placement == "pre",
            amx=_MATRIX_UNITS[self.precision] in read_processor().units,
        )

    def _tables(self, embedding: list[Any]) -> list[Any]:
        """Returns the first block's tables and their bias, or where there are none, any tensors."""
        if not self.has_tables:
            positions, gamma = embedding[4], embedding[6]
            return [positions, positions, positions, gamma]
        words, positions = self.projected_words, self.projected_positions
        types = self.projected_types if self.config.has_token_types else positions
        return [words, positions, types, self.projected_bias]


def room_bytes(config: EncoderConfig, precision: CodePrecision, tokens: Any, batch: Any) -> Any:
    """Returns the bytes that a pass needs to work in, at least.

    ``kernels/encoder_pass.mojo`` takes them, and refuses to compute with fewer.

    Args:
        config: The encoder's configuration.
        precision: Of the pass.
        tokens: Number of tokens; a number or a dimension of a graph, as is the next one.
        batch: Number of sequences.
    """
    dim, inner = config.hidden_size, config.intermediate_size
    codes, inner_codes = (
        -(-width * CODE_BYTES[precision] // LINE) * LINE for width in (dim, inner)
    )
    hidden = 2 if config.norm_placement == "pre" else 1
    token = 4 * dim * (hidden + 3 + 1 + 1) + codes + 4
    sequence = 4 * dim * (hidden + config.num_attention_heads + 1) + codes + 4
    fixed = MOST_ROWS_BY_PANELS * (4 * inner + inner_codes + 4)
    spare = SPARE_ROWS * (2 * codes + inner_codes) + 32 * LINE
    return tokens * token + batch * sequence + (fixed + spare)
