"""Embeddings of tokens, in MAX's own operations."""

from __future__ import annotations

import numpy as np
from max.dtype import DType
from max.graph import DeviceRef, TensorValue, ops
from max.nn.embedding import Embedding
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.float32_products import Linear
from distilbert_sentiment_arch.engine.norms import layer_norm, normalise


class Embeddings(Module):
    """Sum of word, position and token type embeddings, normalised and brought to hidden_size."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()

        def table(rows: int) -> Embedding:
            return Embedding(rows, config.embedding_width, dtype, device)

        self.word_embeddings = table(config.vocab_size)
        self.has_position_table = config.has_position_table
        if self.has_position_table:
            self.position_embeddings = table(config.max_position_embeddings)
        self.has_type_table = config.type_vocab_size > 0
        if self.has_type_table:
            self.token_type_embeddings = table(config.type_vocab_size)
        self.layer_norm = layer_norm(config, dtype, device, config.embedding_width)
        self.has_projection = config.embedding_size > 0
        if self.has_projection:
            self.projection = Linear(
                config.embedding_size, config.hidden_size, dtype, device, has_bias=True
            )

    def __call__(
        self, input_ids: TensorValue, first_segments: TensorValue | None = None
    ) -> TensorValue:
        positions = ops.range(
            0, input_ids.shape[1], dtype=DType.int64, device=input_ids.device
        )  # (seq,)
        types = None
        if first_segments is not None:
            second = ops.unsqueeze(positions, 0) >= ops.unsqueeze(first_segments, 1)
            types = second.cast(DType.int64)  # (batch, seq)
        return self.embed(input_ids, positions, types)  # (batch, seq, hidden_size)

    def embed(
        self, input_ids: TensorValue, positions: TensorValue, types: TensorValue | None
    ) -> TensorValue:
        """Returns the embeddings of tokens, ``(..., hidden_size)``.

        Args:
            input_ids: int64 ``(...)``.
            positions: Of each token in its sequence, int64, of a shape that broadcasts to that.
            types: Likewise; None: every token has the only type there is.
        """
        hidden = self.word_embeddings(input_ids)
        if self.has_position_table:
            hidden = hidden + self.position_embeddings(positions)
        if self.has_type_table:
            if types is None:
                types = ops.constant(np.zeros(1, np.int64), DType.int64, device=positions.device)
            hidden = hidden + self.token_type_embeddings(types)
        hidden = normalise(self.layer_norm, hidden)  # (..., embedding_width)
        return self.projection(hidden) if self.has_projection else hidden
