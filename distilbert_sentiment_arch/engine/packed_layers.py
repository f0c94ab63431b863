"""The same classifier over packed tokens, in kernels of our own, for the CPU.

How it differs from ``distilbert.DistilBertForSequenceClassification``, whose logits it has: there
is no padding, so that the cost follows the tokens; the first block's queries, keys and values are
looked up; the last block answers for [CLS] alone, which is all that the head reads; linear layers,
attention and norms are the custom operations of ``kernels/``.
"""

from __future__ import annotations

from typing import Any

from max.dtype import DType
from max.graph import DeviceRef, TensorType, TensorValue, Weight, ops
from max.nn.layer import LayerList, Module

from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig
from distilbert_sentiment_arch.engine.layers import LAYER_NORM_EPSILON
from distilbert_sentiment_arch.engine.packed_weights import Packed
from distilbert_sentiment_arch.settings.defaults import PACKAGE

KERNELS = PACKAGE / "kernels"

_CPU = DeviceRef.CPU()

ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}


def _weight(weights: Packed, name: str) -> Weight:
    array = weights[name]
    dtype = DType.float16 if array.dtype == "float16" else DType.float32
    return Weight(name.rpartition(".")[2], dtype, array.shape, _CPU)


class Embeddings(Module):
    """Word plus position embeddings, normalised."""

    def __init__(self, weights: Packed) -> None:
        super().__init__()
        self.words = _weight(weights, "embeddings.words")
        self.positions = _weight(weights, "embeddings.positions")
        self.gamma = _weight(weights, "embeddings.gamma")
        self.beta = _weight(weights, "embeddings.beta")

    def weights(self) -> list[Weight]:
        """Returns the weights in the order in which the kernels take them."""
        return [self.words, self.positions, self.gamma, self.beta]

    def __call__(self, input_ids: TensorValue, starts: TensorValue) -> TensorValue:
        return _custom(
            "distilbert.embed",
            [input_ids, starts, *self.weights(), _epsilon()],
            (input_ids.shape[0], self.words.shape[1]),
        )  # (tokens, dim)


class Linear(Module):
    """A linear layer and what follows it element by element."""

    def __init__(self, weights: Packed, name: str, columns: int, activation: str = "none") -> None:
        super().__init__()
        self.columns = columns
        self.activation = activation
        self.panels = _weight(weights, f"{name}.panels")
        self.bias = _weight(weights, f"{name}.bias")

    def __call__(self, hidden: TensorValue) -> TensorValue:
        return _custom(
            "distilbert.linear",
            [hidden, self.panels, self.bias],
            (hidden.shape[0], self.columns),
            activation=self.activation,
        )  # (rows, columns)


class Projection(Module):
    """The weights of a linear layer in a block, in the order in which the kernel takes them."""

    def __init__(self, weights: Packed, name: str, *, normed: bool = False) -> None:
        super().__init__()
        self.panels = _weight(weights, f"{name}.panels")
        self.bias = _weight(weights, f"{name}.bias")
        self._normed = normed
        if normed:
            self.gamma = _weight(weights, f"{name}.gamma")
            self.beta = _weight(weights, f"{name}.beta")

    def __call__(self) -> list[Weight]:
        norm = [self.gamma, self.beta] if self._normed else []
        return [self.panels, self.bias, *norm]


class _Block(Module):
    """What the operations of all blocks share."""

    def __init__(self, config: HFConfig, weights: Packed, name: str) -> None:
        super().__init__()
        self._config = config
        self.attention_output = Projection(weights, f"{name}.attention_output", normed=True)
        self.up = Projection(weights, f"{name}.up")
        self.down = Projection(weights, f"{name}.down", normed=True)

    def _compute(self, operation: str, values: list[Any], rows: Any, *room: Any) -> TensorValue:
        """Returns the block's result, ``(rows, dim)``.

        Args:
            operation: Which kernel.
            values: What it takes before the weights behind attention.
            rows: Tokens or sequences.
            room: Shapes of what lies on the way to attention's result; the memory planner reuses
                such room from block to block.
        """
        dim = self._config.dim
        layers = (self.attention_output, self.up, self.down)
        return _custom(
            operation,
            [*values, *(each for layer in layers for each in layer()), _epsilon()],
            (rows, dim),
            *room,
            *((rows, dim), (rows, dim), (rows, self._config.hidden_dim)),
            heads=self._config.n_heads,
            activation=ACTIVATIONS[self._config.activation],
        )


class FirstBlock(_Block):
    """Embeddings, whose queries, keys and values are looked up, and the rest of a block."""

    def __init__(self, config: HFConfig, weights: Packed) -> None:
        super().__init__(config, weights, "blocks.0")
        self.words = _weight(weights, "blocks.0.words")
        self.positions = _weight(weights, "blocks.0.positions")
        self.bias = _weight(weights, "blocks.0.bias")

    def __call__(
        self, embeddings: Embeddings, input_ids: TensorValue, starts: TensorValue
    ) -> TensorValue:
        tokens, dim = input_ids.shape[0], self._config.dim
        return self._compute(
            "distilbert.first_block",
            [input_ids, starts, *embeddings.weights(), self.words, self.positions, self.bias],
            *(tokens, (tokens, dim), (tokens, 3 * dim)),
        )  # (tokens, dim)


class TransformerBlock(_Block):
    """Attention and feed-forward over every token, in one operation."""

    def __init__(self, config: HFConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, f"blocks.{index}")
        self.query_key_value = Projection(weights, f"blocks.{index}.query_key_value")

    def __call__(self, hidden: TensorValue, starts: TensorValue) -> TensorValue:
        tokens = hidden.shape[0]
        return self._compute(
            "distilbert.block",
            [hidden, starts, *self.query_key_value()],
            *(tokens, (tokens, 3 * self._config.dim)),
        )  # (tokens, dim)


class LastBlock(_Block):
    """The last block, for the first token of each sequence only."""

    def __init__(self, config: HFConfig, weights: Packed, index: int) -> None:
        super().__init__(config, weights, f"blocks.{index}")
        self.query = Projection(weights, f"blocks.{index}.query")
        self.keys = _weight(weights, f"blocks.{index}.keys")
        self.values = Projection(weights, f"blocks.{index}.values")

    def __call__(self, hidden: TensorValue, starts: TensorValue) -> TensorValue:
        first = ops.gather(hidden, starts[:-1], axis=0)  # (batch, dim)
        batch, dim = first.shape[0], self._config.dim
        return self._compute(
            "distilbert.last_block",
            [hidden, starts, first, *self.query(), self.keys, *self.values()],
            *(batch, (batch, dim), (batch, self._config.n_heads * dim)),
        )  # (batch, dim)


class PackedDistilBert(Module):
    """Packed token ids to logits.

    Args:
        config: The checkpoint's configuration.
        weights: What ``packed_weights.pack`` makes of its weights; only shapes are looked at.
    """

    def __init__(self, config: HFConfig, weights: Packed) -> None:
        super().__init__()
        self.embeddings = Embeddings(weights)
        last = config.n_layers - 1
        blocks: list[_Block] = [LastBlock(config, weights, last)]
        if last > 0:
            others = (TransformerBlock(config, weights, index) for index in range(1, last))
            blocks = [FirstBlock(config, weights), *others, *blocks]
        self.blocks = LayerList(blocks)
        self.pre_classifier = Linear(weights, "pre_classifier", config.dim, "relu")
        self.projection = Linear(weights, "projection", config.num_labels)

    def input_types(self) -> tuple[TensorType, TensorType]:
        """Returns the types of the graph's inputs.

        ``input_ids``: int64 ``(tokens,)``, the sequences one behind the other.
        ``starts``: int64 ``(batch + 1,)``, where each sequence starts and where the last one ends.
        """
        return (
            TensorType(DType.int64, ["tokens"], device=_CPU),
            TensorType(DType.int64, ["starts"], device=_CPU),
        )

    def __call__(self, input_ids: TensorValue, starts: TensorValue) -> TensorValue:
        first, *others = self.blocks
        if others:
            hidden = first(self.embeddings, input_ids, starts)  # (tokens, dim)
        else:  # the only block is the last one
            hidden, others = self.embeddings(input_ids, starts), [first]
        for block in others:
            hidden = block(hidden, starts)  # the last one: (batch, dim)
        return self.projection(self.pre_classifier(hidden))  # (batch, num_labels)


def _epsilon() -> TensorValue:
    return ops.constant(LAYER_NORM_EPSILON, DType.float32, device=_CPU)


def _custom(
    name: str, values: list[Any], *shapes: Any, **parameters: bool | int | str | DType
) -> TensorValue:
    """Returns the first result of a kernel; the others are its room to work in."""
    results = [TensorType(DType.float32, shape, device=_CPU) for shape in shapes]
    found = ops.custom(name, device=_CPU, values=values, out_types=results, parameters=parameters)
    return found[0].tensor
