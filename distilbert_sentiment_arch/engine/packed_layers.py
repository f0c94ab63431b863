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
from distilbert_sentiment_arch.engine.kernel_calls import CPU_DEVICE, call, floats, scalar, weight
from distilbert_sentiment_arch.engine.packed_blocks import Block, LastBlock, Norm, TransformerBlock
from distilbert_sentiment_arch.engine.panels import Packed
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
        self.blocks: LayerList | CodeBlocks
        if precision == "float32":
            self.blocks = _float_blocks(config, weights)
        else:
            self.blocks = CodeBlocks(config, weights, precision)
        self.pre_norm = config.norm_placement == "pre"
        if self.pre_norm and precision == "float32":
            self.final_norm = Norm(config, weights, "final_norm")
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
        first, *others = self.blocks
        if isinstance(first, FirstBlock):
            hidden = first(self.embeddings, input_ids, starts, first_segments)  # (tokens, dim)
        else:
            hidden, others = self.embeddings(input_ids, starts, first_segments), [first, *others]
        for block in others:
            hidden = block(hidden, starts)  # the last one: (batch, dim)
        if self.pre_norm:
            hidden = self.final_norm(hidden)
        return self.classifier(hidden)  # (batch, num_labels)


class Embeddings(Module):
    """Sum of word, position and token type embeddings, normalised and brought to hidden_size."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        self.words = weight(weights, "embeddings.words")
        self.positions = weight(weights, "embeddings.positions")
        self.has_types = config.has_token_types
        if self.has_types:
            self.types = weight(weights, "embeddings.types")
        self.gamma = weight(weights, "embeddings.gamma")
        self.beta = weight(weights, "embeddings.beta")
        self.epsilon = config.layer_norm_eps
        self.has_projection = config.embedding_size > 0
        if self.has_projection:
            self.projection = Linear(weights, "embeddings.projection", config.hidden_size)

    def operands(
        self, input_ids: TensorValue, starts: TensorValue, first_segments: TensorValue | None
    ) -> list[TensorValue | Weight]:
        """Returns what the kernels take, in their order.

        Without token types, the kernels read neither ``first_segments`` nor the table of types, and
        other tensors take their places.
        """
        return [
            *(input_ids, starts, starts if first_segments is None else first_segments),
            *(self.words, self.positions, self.types if self.has_types else self.positions),
            *(self.gamma, self.beta),
        ]

    def __call__(
        self, input_ids: TensorValue, starts: TensorValue, first_segments: TensorValue | None
    ) -> TensorValue:
        hidden = call(
            "encoder.embed",
            [*self.operands(input_ids, starts, first_segments), scalar(self.epsilon)],
            floats(input_ids.shape[0], self.words.shape[1]),
            has_types=self.has_types,
        )  # (tokens, embedding_width)
        return self.projection(hidden) if self.has_projection else hidden


class FirstBlock(Block):
    """Embeddings, whose queries, keys and values are looked up, and the rest of a block."""

    def __init__(self, config: EncoderConfig, weights: Packed, index: int = 0) -> None:
        super().__init__(config, weights, index)
        name = f"blocks.{index}.projected"
        self.words = weight(weights, f"{name}_words")
        self.positions = weight(weights, f"{name}_positions")
        if config.has_token_types:
            self.types = weight(weights, f"{name}_types")
        self.bias = weight(weights, f"{name}_bias")

    def __call__(
        self,
        embeddings: Embeddings,
        input_ids: TensorValue,
        starts: TensorValue,
        first_segments: TensorValue | None,
    ) -> TensorValue:
        tokens, dim = input_ids.shape[0], self.config.hidden_size
        has_types = self.config.has_token_types
        types = self.types if has_types else self.positions  # not read without token types
        return self.compute(
            "encoder.first_block",
            [
                *embeddings.operands(input_ids, starts, first_segments),
                *(self.words, self.positions, types, self.bias),
            ],
            *(tokens, (tokens, dim), (tokens, 3 * dim)),
            has_types=has_types,
        )  # (tokens, dim)


class ClassificationHead(Module):
    """The head on the first token: linear layer, activation, linear layer."""

    def __init__(self, config: EncoderConfig, weights: Packed) -> None:
        super().__init__()
        dim, labels = config.hidden_size, config.num_labels
        self.dense = Linear(weights, "classifier.dense", dim, config.head_activation)
        self.projection = Linear(weights, "classifier.projection", labels)

    def operands(self) -> list[Weight]:
        """Returns what kernels that compute the head, too, take, in their order."""
        layers = (self.dense, self.projection)
        return [each for layer in layers for each in (layer.panels, layer.bias)]

    def __call__(self, first: TensorValue) -> TensorValue:
        return self.projection(self.dense(first))


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
    "disentangled": (DisentangledBlock, DisentangledLastBlock),
}
"""Every block but the last, and the last one, by the values of ``EncoderConfig.attention``."""


class Linear(Module):
    """A linear layer and its activation."""

    def __init__(self, weights: Packed, name: str, columns: int, activation: str = "none") -> None:
        super().__init__()
        self.columns = columns
        self.activation = activation
        self.panels = weight(weights, f"{name}.panels")
        self.bias = weight(weights, f"{name}.bias")

    def __call__(self, hidden: TensorValue) -> TensorValue:
        return call(
            "encoder.linear",
            [hidden, self.panels, self.bias],
            floats(hidden.shape[0], self.columns),
            activation=self.activation,
        )  # (rows, columns)
