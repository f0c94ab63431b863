"""Attention with rotary positions, global or local, in MAX's own operations.

Su et al. 2021 (https://arxiv.org/abs/2104.09864); local blocks after Beltagy et al. 2020
(https://arxiv.org/abs/2004.05150).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from max.dtype import DType
from max.graph import DeviceRef, TensorValue, ops
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.float32_products import Linear, product
from distilbert_sentiment_arch.engine.rotary_positions import rotary_table

_MUCH = 1e30


class RotaryContext(NamedTuple):
    """What attention reads besides the hidden states.

    Attributes:
        cosines: ``(seq, head_dim / 2)``, float32.
        sines: ``(seq, head_dim / 2)``, float32.
        mask: What is added to the scores, ``(batch, 1, 1, seq)``, float32.
        far: What is added to them, too, where the block is local, ``(seq, seq)``, float32.
    """

    cosines: TensorValue
    sines: TensorValue
    mask: TensorValue
    far: TensorValue | None


def rotary_contexts(config: EncoderConfig, mask: TensorValue) -> Sequence[RotaryContext]:
    """Returns the context of each block.

    Args:
        config: The encoder's configuration.
        mask: That of padding, ``(batch, 1, 1, seq)``.
    """
    device = mask.device
    positions = ops.range(0, mask.shape[3], dtype=DType.int64, device=device)  # (seq,)
    half = config.hidden_size // config.num_attention_heads // 2

    def context(*, local: bool) -> RotaryContext:
        table = ops.constant(rotary_table(config, local=local), DType.float32, device=device)
        rows = ops.gather(table, positions, axis=0)  # (seq, head_dim)
        cosines, sines = ops.split(rows, [half, half], axis=-1)
        far = _far(mask, config.local_distance) if local else None
        return RotaryContext(cosines, sines, mask, far)

    kinds = {local: context(local=local) for local in sorted(set(config.local_blocks))}
    return [kinds[local] for local in config.local_blocks]


def _far(mask: TensorValue, distance: int) -> TensorValue:
    """Returns what is added to the scores of tokens that are too far away, ``(seq, seq)``.

    Added to the scores apart from the mask of padding, and not computed from positions: MAX 26.7
    loses a mask that it fuses with that of padding. The sum of both numbers is finite, so that a
    row of padding without any token in reach does not become NaN.
    """
    seq = mask.shape[3]
    one = ops.constant(1.0, DType.float32, device=mask.device)
    band = ops.band_part(ops.broadcast_to(one, [seq, seq]), distance, distance)
    far: TensorValue = (band - 1.0) * _MUCH
    return far


class RotaryAttention(Module):
    """Multi-head scaled dot-product attention of queries and keys rotated by their positions."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.head_dim = config.hidden_size // config.num_attention_heads
        dim, has_bias = config.hidden_size, config.attention_bias
        self.query_key_value = Linear(dim, 3 * dim, dtype, device, has_bias=has_bias)
        self.output = Linear(dim, dim, dtype, device, has_bias=has_bias)

    def __call__(self, hidden: TensorValue, context: RotaryContext) -> TensorValue:
        """Returns what each token reads of the others, ``(batch, seq, hidden_size)``."""
        return self.output(self.attend(self.project(hidden), context))

    def project(self, hidden: TensorValue) -> tuple[TensorValue, ...]:
        """Returns queries, keys and values side by side, one tensor ``(..., 3 * hidden_size)``."""
        return (self.query_key_value(hidden),)

    def attend(self, projected: Sequence[TensorValue], context: RotaryContext) -> TensorValue:
        """Returns what each token reads of its row, ``(batch, seq, hidden_size)``.

        Args:
            projected: What ``project`` returns, of ``(batch, seq, hidden_size)``.
            context: What else attention reads.
        """
        (together,) = projected
        batch, seq = together.shape[0], together.shape[1]
        split = ops.reshape(together, (batch, seq, 3, self.heads, self.head_dim))
        split = ops.permute(split, [2, 0, 3, 1, 4])  # (3, batch, heads, seq, head_dim)
        query = self._rotate(split[0], context) / math.sqrt(self.head_dim)
        key, value = self._rotate(split[1], context), split[2]

        scores = product(query, key.transpose(2, 3))  # (batch, heads, seq, seq)
        wide = scores.cast(DType.float32) + context.mask
        if context.far is not None:
            wide = wide + context.far
        weights = ops.softmax(wide).cast(value.dtype)
        heads = ops.permute(product(weights, value), [0, 2, 1, 3])  # (batch, seq, heads, head_dim)
        return ops.reshape(heads, (batch, seq, self.heads * self.head_dim))

    def _rotate(self, x: TensorValue, context: RotaryContext) -> TensorValue:
        half = self.head_dim // 2
        left, right = ops.split(x.cast(DType.float32), [half, half], axis=-1)
        rotated = ops.concat(
            [
                left * context.cosines - right * context.sines,
                right * context.cosines + left * context.sines,
            ],
            axis=-1,
        )
        return rotated.cast(x.dtype)
