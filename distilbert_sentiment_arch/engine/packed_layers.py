"""A BERT-like encoder with a classification head over packed tokens, in our kernels, for the CPU.

The file is read top-down. The logits are those of ``layers.EncoderForSequenceClassification``. What
differs: there is no padding, so that the cost follows the tokens; the first block's queries, keys
and values are looked up in tables where ``has_tables``; the last block computes the
first token of each sequence alone, which is all that the head reads; and linear layers, attention
and norms are the custom operations of ``kernels/``. In int8 and bfloat16, all of it is one
operation, see ``code_layers``.
"""

from __future__ import annotations

from max.dtype import DType
from max.graph import TensorType, TensorValue, Weight
from max.nn.layer import LayerList, Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.code_layers import CodeBlocks
from distilbert_sentiment_arch.engine.disentangled_layers import (
    DisentangledBlock,
    DisentangledLastBlock,
)
from distilbert_sentiment_arch.engine.first_block_tables import has_tables
from distilbert_sentiment_arch.engine.kernel_calls import CPU_DEVICE, call, floats
from distilbert_sentiment_arch.engine.packed_blocks import (
    Block,
    FirstBlock,
    LastBlock,
    TransformerBlock,
)
from distilbert_sentiment_arch.engine.packed_embeddings import Embeddings
from distilbert_sentiment_arch.engine.packed_linear import Linear, Norm
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.engine.rotary_layers import RotaryEncoder
from distilbert_sentiment_arch.settings.precision import Precision


class PackedEncoderForSequenceClassification(Module):
    """Packed token ids to logits.

    Args:
        config: The encoder's configuration.
        weights: The result of ``packed_weights.pack``; only dtypes and shapes are read.
        precision: What the weights were packed for.
    """

    def __init__(
        self, config: EncoderConfig, weights: Packed, precision: Precision = "float32"
    ) -> None:
        super().__init__()
        self.has_token_types = config.has_token_types
        self.embeddings = Embeddings(config, weights)
        self.blocks: LayerList | CodeBlocks | RotaryEncoder
        if config.attention == "rotary":
            self.blocks = RotaryEncoder(config, weights)
        elif precision in ("int8", "bfloat16"):
            self.blocks = CodeBlocks(config, weights, precision)
        else:
            self.blocks = _float_blocks(config, weights)
        self.pre_norm = config.norm_placement == "pre"
        if self.pre_norm and not isinstance(self.blocks, CodeBlocks):
            self.final_norm = Norm(config, weights, "final_norm")
        self.pooling = config.pooling
        self.classifier = ClassificationHead(config, weights)

    def input_types(self) -> tuple[TensorType, ...]:
        """Returns the types of the graph's inputs.

        ``input_ids``: int64 ``(tokens,)``, the sequences one after the other.
        ``starts``: int64 ``(batch + 1,)``, where each sequence starts and where the last one ends.
        ``first_segments``, only where the encoder has token types: int64 ``(batch,)``, how many
        tokens at the start of each sequence have type 0; the others have type 1.
        """
        names = ["tokens", "starts", *(["batch"] if self.has_token_types else [])]
        return tuple(TensorType(DType.int64, [name], device=CPU_DEVICE) for name in names)

    def __call__(
        self,
        input_ids: TensorValue,
        starts: TensorValue,
        first_segments: TensorValue | None = None,
    ) -> TensorValue:
        if isinstance(self.blocks, CodeBlocks):
            embeddings = self.embeddings.operands(input_ids, starts, first_segments)
            return self.blocks(embeddings, self.classifier.operands())  # (batch, num_labels)
        if isinstance(self.blocks, RotaryEncoder):
            hidden = self.blocks(self.embeddings(input_ids, starts, first_segments), starts)
        else:
            blocks = list(self.blocks)
            if isinstance(blocks[0], FirstBlock):
                first = blocks.pop(0)
                hidden = first(self.embeddings, input_ids, starts, first_segments)  # (tokens, dim)
            else:
                hidden = self.embeddings(input_ids, starts, first_segments)
            for block in blocks:
                hidden = block(hidden, starts)  # the last one: (batch, dim)
        if self.pre_norm:
            hidden = self.final_norm(hidden)
        if self.pooling == "mean":
            hidden = mean(hidden, starts)  # (batch, dim)
        return self.classifier(hidden)  # (batch, num_labels)


class ClassificationHead(Module):
    """The head on one row a sequence: linear layer, activation, perhaps a norm, linear layer."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        dim, labels = config.hidden_size, config.num_labels
        self.dense = Linear(weights, "classifier.dense", dim, config.head_activation)
        self.projection = Linear(weights, "classifier.projection", labels)
        self.has_norm = config.head_norm
        if self.has_norm:
            self.norm = Norm(config, weights, "classifier.norm")

    def operands(self) -> list[Weight]:
        """Returns what kernels that compute the head, too, take, in their order."""
        layers = (self.dense, self.projection)
        return [each for layer in layers for each in (layer.panels, layer.bias)]

    def __call__(self, pooled: TensorValue) -> TensorValue:
        dense = self.dense(pooled)
        return self.projection(self.norm(dense) if self.has_norm else dense)


def mean(hidden: TensorValue, starts: TensorValue) -> TensorValue:
    """Returns the mean of each sequence's tokens, ``(batch, dim)``."""
    batch = starts[:-1].shape[0]
    return call("encoder.mean", [hidden, starts], floats(batch, hidden.shape[1]))


def _float_blocks(config: EncoderConfig, weights: Packed) -> LayerList:
    last = config.num_hidden_layers - 1
    block, last_block = _BLOCKS[config.attention]
    first = FirstBlock if has_tables(config) else block
    blocks: list[Block] = [
        (first if index == 0 else block)(config, weights, index) for index in range(last)
    ]
    return LayerList([*blocks, last_block(config, weights, last)])


_BLOCKS: dict[str, tuple[type[Block], type[Block]]] = {
    "plain": (TransformerBlock, LastBlock),
    "biased": (TransformerBlock, LastBlock),
    "disentangled": (DisentangledBlock, DisentangledLastBlock),
}
"""Every block but the last, and the last one, by the values of ``EncoderConfig.attention``."""
