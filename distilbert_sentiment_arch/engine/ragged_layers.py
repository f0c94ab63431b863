"""The encoder of ``layers`` over sequences that lie one behind the other, for accelerators.

Linear layers, norms and activations compute the tokens there are, and no padding. Attention is
given to the graph: see ``ragged_attention``. Where the head reads the first tokens alone, the last
block computes them alone once attention is behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from max.dtype import DType
from max.graph import DeviceRef, TensorType, TensorValue, ops
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.embeddings import Embeddings
from distilbert_sentiment_arch.engine.layers import (
    ClassificationHead,
    Encoder,
    TransformerBlock,
    attention_mask,
    mean,
)
from distilbert_sentiment_arch.engine.norms import normalise
from distilbert_sentiment_arch.engine.ragged_attention import (
    Padding,
    RaggedAttention,
    RaggedBatch,
)
from distilbert_sentiment_arch.engine.ragged_inputs import RaggedLayout


class RaggedEncoderForSequenceClassification(Module):
    """Token ids to logits; its weights are those of ``EncoderForSequenceClassification``.

    Args:
        config: The encoder's configuration.
        dtype: What to compute in.
        device: Where to compute.
        attention: How to compute attention.

    Attributes:
        layout: What the graph takes.
    """

    def __init__(
        self, config: EncoderConfig, dtype: DType, device: DeviceRef, attention: RaggedAttention
    ) -> None:
        super().__init__()
        self.device = device
        self.pooling = config.pooling
        self.embeddings = Embeddings(config, dtype, device)
        self.encoder = Encoder(config, dtype, device)
        self.classifier = ClassificationHead(config, dtype, device)
        self._attention = attention
        self.layout = RaggedLayout(
            types=config.has_token_types,
            offsets=attention.needs_offsets,
            padding=attention.needs_padding
            or config.pooling == "mean"
            or self.encoder.has_convolution,
        )

    def input_types(self) -> tuple[TensorType, ...]:
        """Returns the types of the graph's inputs; see ``RaggedLayout``."""
        return self.layout.input_types(self.device)

    def __call__(self, *inputs: TensorValue) -> TensorValue:
        """Returns the logits, float32 ``(batch, num_labels)``."""
        given = {each.name: value for each, value in zip(self.layout.inputs, inputs, strict=True)}
        padding = None
        if self.layout.padding:
            padding = Padding(given["slots"], given["places"], given["lengths"])
        batch = RaggedBatch(given.get("offsets"), given.get("longest"), padding)

        hidden = self.embeddings.embed(
            given["input_ids"], given["positions"], given.get("types")
        )  # (tokens, hidden_size)
        first = partial(ops.gather, indices=given["first_tokens"], axis=0)
        if self.pooling == "mean":
            assert padding is not None
            hidden = self._encode(hidden, batch, kept=None)
            pooled = mean(padding.padded(hidden), padding.lengths)
        else:
            pooled = self._encode(hidden, batch, kept=first)  # (batch, hidden_size)
        return self.classifier(pooled).cast(DType.float32)

    def _encode(
        self,
        hidden: TensorValue,
        batch: RaggedBatch,
        kept: Callable[[TensorValue], TensorValue] | None,
    ) -> TensorValue:
        """Returns the hidden states behind the last block.

        Args:
            hidden: The embeddings, ``(tokens, hidden_size)``.
            batch: The batch.
            kept: Takes out the rows that are read; None: all are.
        """
        encoder, padding = self.encoder, batch.padding
        mask = attention_mask(padding.lengths, padding.slots) if padding else None
        embeddings, last = hidden, len(encoder.order) - 1
        for block, context in enumerate(self._contexts(padding, mask)):
            convolves = block == 0 and encoder.has_convolution
            keep = kept if block == last and not convolves else None
            layer = cast(TransformerBlock, encoder.layers[encoder.order[block]])
            hidden = self._block(layer, hidden, context, batch, keep or (lambda rows: rows))
            if convolves:
                assert padding is not None
                assert mask is not None
                rows = encoder.convolution(padding.padded(embeddings), padding.padded(hidden), mask)
                hidden = padding.packed(rows)
                if block == last and kept is not None:
                    hidden = kept(hidden)
        return normalise(encoder.final_norm, hidden) if encoder.pre_norm else hidden

    def _block(
        self,
        layer: TransformerBlock,
        hidden: TensorValue,
        context: Any,
        batch: RaggedBatch,
        kept: Callable[[TensorValue], TensorValue],
    ) -> TensorValue:
        attention: Any = layer.attention  # one of layers.ATTENTIONS

        def attend(normed: TensorValue) -> TensorValue:
            read = self._attention.attend(attention, attention.project(normed), context, batch)
            result: TensorValue = attention.output(kept(read))
            return result

        return layer.around(hidden, attend, kept)

    def _contexts(self, padding: Padding | None, mask: TensorValue | None) -> Sequence[Any]:
        """Returns what the attention of each block reads besides the hidden states."""
        if not self._attention.needs_padding:
            return [None] * len(self.encoder.order)
        assert padding is not None
        assert mask is not None
        return self.encoder.contexts(padding.slots, mask)
