"""The blocks over packed tokens in float32 and bfloat16x3, in our kernels."""

from __future__ import annotations

from max.graph import TensorValue
from max.nn.layer import LayerList, Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.disentangled_layers import (
    DisentangledBlock,
    DisentangledLastBlock,
)
from distilbert_sentiment_arch.engine.first_block_tables import has_tables
from distilbert_sentiment_arch.engine.packed_blocks import (
    Block,
    FirstBlock,
    LastBlock,
    TransformerBlock,
)
from distilbert_sentiment_arch.engine.packed_convolution import Convolution
from distilbert_sentiment_arch.engine.packed_embeddings import Embeddings
from distilbert_sentiment_arch.engine.packed_head import ClassificationHead
from distilbert_sentiment_arch.engine.packed_linear import Norm
from distilbert_sentiment_arch.engine.panels import Packed


class FloatBlocks(Module):
    """All blocks, the last one for the first token of each sequence, and the norm behind them."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        last = config.num_hidden_layers - 1
        block, last_block = _BLOCKS[config.attention]
        self.has_tables = has_tables(config)
        first = FirstBlock if self.has_tables else block
        blocks: list[Block] = [
            (first if index == 0 else block)(config, weights, index) for index in range(last)
        ]
        self.layers = LayerList([*blocks, last_block(config, weights, last)])
        self.has_convolution = config.conv_kernel_size > 0
        if self.has_convolution:
            self.convolution = Convolution(config, weights)
        self.pre_norm = config.norm_placement == "pre"
        if self.pre_norm:
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
        first, *others = self.layers
        if self.has_tables:
            hidden = first(embeddings, input_ids, starts, first_segments)
        else:
            embedded = embeddings(input_ids, starts, first_segments)  # (tokens, dim)
            hidden = first(embedded, starts)
            if self.has_convolution:
                hidden = self.convolution(embedded, hidden, starts)
        for block in others:
            hidden = block(hidden, starts)  # the last one: (batch, dim)
        return head(self.final_norm(hidden) if self.pre_norm else hidden, starts)


_BLOCKS: dict[str, tuple[type[Block], type[Block]]] = {
    "plain": (TransformerBlock, LastBlock),
    "biased": (TransformerBlock, LastBlock),
    "disentangled": (DisentangledBlock, DisentangledLastBlock),
}
"""Every block but the last, and the last one, by the values of ``EncoderConfig.attention``."""
