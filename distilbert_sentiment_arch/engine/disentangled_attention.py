"""Disentangled attention (He et al. 2020, https://arxiv.org/abs/2006.03654) in MAX's operations.

A score is the product of a query and a key, plus that of the query and a key made of the embedding
of their distance, plus that of the key and a query made of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from max.dtype import DType
from max.graph import DeviceRef, TensorValue, ops
from max.nn.embedding import Embedding
from max.nn.layer import Module
from max.nn.norm import LayerNorm

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.float32_products import Linear, product
from distilbert_sentiment_arch.engine.relative_positions import relative_rows


@dataclass(frozen=True)
class DisentangledContext:
    """What attention reads besides the hidden states.

    Attributes:
        mask: What is added to the scores.
        keys_behind: Embeddings of distances, ``(2 * seq, dim)``. Row ``seq + s`` is of a key that
            stands ``s`` behind its query.
        queries_behind: Likewise. Row ``seq + s`` is of a query that stands ``s`` behind its key.
    """

    mask: TensorValue
    keys_behind: TensorValue
    queries_behind: TensorValue


class RelativeEmbeddings(Module):
    """Embeddings of the distances within a sequence, normalised where the checkpoint says so."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.rows = relative_rows(config)
        self.middle = config.max_position_embeddings
        self.embeddings = Embedding(config.relative_embeddings, config.hidden_size, dtype, device)
        self.normalises = config.norm_rel_ebd
        if self.normalises:
            self.layer_norm = LayerNorm(
                config.hidden_size, devices=[device], dtype=dtype, eps=config.layer_norm_eps
            )

    def __call__(self, hidden: TensorValue, mask: TensorValue) -> DisentangledContext:
        """Returns what attention to hidden states ``(batch, seq, dim)`` reads besides them."""
        seq = hidden.shape[1]
        steps = ops.range(0, 2 * seq, dtype=DType.int64, device=hidden.device)
        steps = steps - ops.range(seq, seq + 1, out_dim=1, dtype=DType.int64, device=hidden.device)
        return DisentangledContext(mask, self._of(-steps), self._of(steps))

    def _of(self, distances: TensorValue) -> TensorValue:
        """Returns the embeddings of distances of a query from a key."""
        table = ops.constant(self.rows, DType.int64, device=distances.device)
        found: TensorValue = self.embeddings(ops.gather(table, distances + self.middle, axis=0))
        return self.layer_norm(found) if self.normalises else found


class DisentangledAttention(Module):
    """Multi-head attention to tokens and distances, over the real tokens of each row."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.head_dim = config.hidden_size // config.num_attention_heads
        self.content_to_position = config.content_to_position
        self.position_to_content = config.position_to_content
        self.share_att_key = config.share_att_key

        def linear() -> Linear:
            dim, has_bias = config.hidden_size, config.attention_bias
            return Linear(dim, dim, dtype, device, has_bias=has_bias)

        self.query, self.key, self.value, self.output = linear(), linear(), linear(), linear()
        if self.content_to_position and not self.share_att_key:
            self.position_key = linear()
        if self.position_to_content and not self.share_att_key:
            self.position_query = linear()

    def __call__(self, hidden: TensorValue, context: DisentangledContext) -> TensorValue:
        """Returns the attention's result, ``(batch, seq, dim)``."""
        return self.output(self.attend(self.project(hidden), context))

    def project(self, hidden: TensorValue) -> tuple[TensorValue, ...]:
        """Returns queries, keys and values, each ``(..., dim)``."""
        return self.query(hidden), self.key(hidden), self.value(hidden)

    def attend(self, projected: Sequence[TensorValue], context: DisentangledContext) -> TensorValue:
        """Returns what each token reads of its row, ``(batch, seq, dim)``.

        Args:
            projected: Queries, keys and values, each ``(batch, seq, dim)``.
            context: What else attention reads.
        """
        query, key, value = (self._split_heads(each) for each in projected)
        scores = product(query, key.transpose(2, 3))  # (batch, heads, seq, seq)
        terms = 1
        if self.content_to_position:
            layer = self.key if self.share_att_key else self.position_key
            scores = scores + self._by_distance(query, layer(context.keys_behind))
            terms += 1
        if self.position_to_content:
            layer = self.query if self.share_att_key else self.position_query
            scores = scores + self._by_distance(key, layer(context.queries_behind)).transpose(2, 3)
            terms += 1
        scores = scores / math.sqrt(self.head_dim * terms)
        weights = ops.softmax(scores.cast(DType.float32) + context.mask).cast(value.dtype)
        heads = ops.permute(product(weights, value), [0, 2, 1, 3])  # (batch, seq, heads, head_dim)
        return ops.reshape(heads, projected[0].shape)

    def _by_distance(self, tokens: TensorValue, positions: TensorValue) -> TensorValue:
        """Returns the product of token i and the position of token j, ``(batch, heads, seq, seq)``.

        Args:
            tokens: ``(batch, heads, seq, head_dim)``.
            positions: ``(2 * seq, dim)``; row ``seq + s`` is multiplied where j is ``i + s``.
        """
        batch, heads, seq = tokens.shape[0], tokens.shape[1], tokens.shape[2]
        split = ops.reshape(positions, (2 * seq, self.heads, self.head_dim))
        products = product(tokens, ops.permute(split, [1, 2, 0]))  # (batch, heads, seq, 2 * seq)
        # Column seq + j - i of row i: with one column less to a row, that is column seq + j of all.
        flat = ops.reshape(products, (batch, heads, 2 * seq * seq))
        length = TensorValue(seq)
        flat = flat[:, :, (slice(length, None), 2 * seq * seq - seq)]
        rows = ops.reshape(flat, (batch, heads, seq, 2 * seq - 1))
        return rows[:, :, :, (slice(0, length), seq)]

    def _split_heads(self, x: TensorValue) -> TensorValue:
        batch, seq = x.shape[0], x.shape[1]
        split = ops.reshape(x, (batch, seq, self.heads, self.head_dim))
        return ops.permute(split, [0, 2, 1, 3])  # (batch, heads, seq, head_dim)
