"""Attention over sequences that lie one behind the other: ways to compute it, to be chosen from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from max.graph import TensorValue, ops
from max.nn.attention import MHAMaskVariant
from max.nn.kernels import flash_attention_ragged_gpu

from distilbert_sentiment_arch.engine.layers import SelfAttention


@dataclass(frozen=True)
class Padding:
    """Rows of one length, for what cannot be computed without; see ``RaggedLayout``.

    Attributes:
        slots: int64 ``(batch, longest)``.
        places: int64 ``(tokens,)``.
        lengths: int64 ``(batch,)``.
    """

    slots: TensorValue
    places: TensorValue
    lengths: TensorValue

    def padded(self, tokens: TensorValue) -> TensorValue:
        """Returns tokens ``(tokens, width)`` in rows of one length, ``(batch, longest, width)``.

        Slots beyond a row's length hold its first token.
        """
        return ops.gather(tokens, self.slots, axis=0)

    def packed(self, rows: TensorValue) -> TensorValue:
        """Returns the tokens of padded rows ``(batch, longest, width)``, ``(tokens, width)``."""
        batch, longest, width = rows.shape
        return ops.gather(ops.reshape(rows, (batch * longest, width)), self.places, axis=0)


@dataclass(frozen=True)
class RaggedBatch:
    """Where the sequences of a batch begin and end; a graph has what its attention needs.

    Attributes:
        offsets: uint32 ``(batch + 1,)``.
        longest: uint32 ``(1,)``, in the host's memory.
        padding: Rows of one length.
    """

    offsets: TensorValue | None = None
    longest: TensorValue | None = None
    padding: Padding | None = None


class RaggedAttention(Protocol):
    """A way to compute attention.

    Attributes:
        needs_offsets: It reads ``RaggedBatch.offsets`` and ``longest``.
        needs_padding: It reads ``RaggedBatch.padding``.
    """

    needs_offsets: bool
    needs_padding: bool

    def attend(
        self, layer: Any, projected: Sequence[TensorValue], context: Any, batch: RaggedBatch
    ) -> TensorValue:
        """Returns what each token reads of its sequence, ``(tokens, hidden_size)``.

        Args:
            layer: One of ``layers.ATTENTIONS``.
            projected: What its ``project`` returns, of ``(tokens, ...)``.
            context: What it reads besides, of padded rows.
            batch: The batch.
        """


class RaggedFlashAttention:
    """MAX's ragged attention: every token of a sequence reads every one; nothing is padded.

    It is compiled for NVIDIA's and AMD's GPUs, for ``plain`` attention.
    """

    needs_offsets = True
    needs_padding = False

    def attend(
        self,
        layer: SelfAttention,
        projected: Sequence[TensorValue],
        context: None,
        batch: RaggedBatch,
    ) -> TensorValue:
        """See ``RaggedAttention``."""
        del context
        assert batch.offsets is not None
        assert batch.longest is not None
        tokens, width = projected[0].shape
        query, key, value = (
            ops.reshape(each, (tokens, layer.heads, layer.head_dim)) for each in projected
        )
        heads = flash_attention_ragged_gpu(
            query,
            key,
            value,
            batch.offsets,
            batch.longest,
            mask_variant=MHAMaskVariant.NULL_MASK,
            scale=1 / math.sqrt(layer.head_dim),
        )
        return ops.reshape(heads, (tokens, width))


class PaddedAttention:
    """Any attention of ``layers.ATTENTIONS``: padded for it alone, and packed again behind it."""

    needs_offsets = False
    needs_padding = True

    def attend(
        self, layer: Any, projected: Sequence[TensorValue], context: Any, batch: RaggedBatch
    ) -> TensorValue:
        """See ``RaggedAttention``."""
        assert batch.padding is not None
        rows = layer.attend([batch.padding.padded(each) for each in projected], context)
        return batch.padding.packed(rows)
