"""The same classifier over packed tokens, in kernels of our own, for the CPU.

How it differs from ``distilbert.DistilBertForSequenceClassification``, whose logits it has: there
is no padding, so that the cost follows the tokens; the last block answers for [CLS] alone, which is
all that the head reads; linear layers, attention and norms are the custom operations of
``kernels/``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from max.dtype import DType
from max.graph import DeviceRef, TensorType, TensorValue, Weight, ops
from max.nn.layer import LayerList, Module

from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig
from distilbert_sentiment_arch.distilbert import LAYER_NORM_EPSILON
from distilbert_sentiment_arch.packed_weights import Packed

KERNELS = Path(__file__).resolve().parent / "kernels"

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

    def __call__(self, input_ids: TensorValue, starts: TensorValue) -> TensorValue:
        return _custom(
            "distilbert.embed",
            [input_ids, starts, self.words, self.positions, self.gamma, self.beta, _epsilon()],
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


class TransformerBlock(Module):
    """Attention and feed-forward over every token, in one operation."""

    def __init__(self, config: HFConfig, weights: Packed, index: int) -> None:
        super().__init__()
        self._config = config
        name = f"blocks.{index}"
        self.query_key_value = Projection(weights, f"{name}.query_key_value")
        self.attention_output = Projection(weights, f"{name}.attention_output", normed=True)
        self.up = Projection(weights, f"{name}.up")
        self.down = Projection(weights, f"{name}.down", normed=True)

    def __call__(self, hidden: TensorValue, starts: TensorValue) -> TensorValue:
        tokens, dim = hidden.shape[0], self._config.dim
        layers = (self.query_key_value, self.attention_output, self.up, self.down)
        return _custom(
            "distilbert.block",
            [hidden, starts, *(each for layer in layers for each in layer()), _epsilon()],
            (tokens, dim),
            # What lies on the way; the memory planner reuses it from block to block.
            (tokens, 3 * dim),
            (tokens, dim),
            (tokens, dim),
            (tokens, self._config.hidden_dim),
            heads=self._config.n_heads,
            activation=ACTIVATIONS[self._config.activation],
        )  # (tokens, dim)


class LastBlock(Module):
    """The last block, for the first token of each sequence only."""

    def __init__(self, config: HFConfig, weights: Packed, index: int) -> None:
        super().__init__()
        self._config = config
        name = f"blocks.{index}"
        self.query = Projection(weights, f"{name}.query")
        self.keys = _weight(weights, f"{name}.keys")
        self.values = Projection(weights, f"{name}.values")
        self.attention_output = Projection(weights, f"{name}.attention_output", normed=True)
        self.up = Projection(weights, f"{name}.up")
        self.down = Projection(weights, f"{name}.down", normed=True)

    def __call__(self, hidden: TensorValue, starts: TensorValue) -> TensorValue:
        first = ops.gather(hidden, starts[:-1], axis=0)  # (batch, dim)
        batch, dim = first.shape[0], self._config.dim
        layers = (self.values, self.attention_output, self.up, self.down)
        weights = [*self.query(), self.keys, *(each for layer in layers for each in layer())]
        return _custom(
            "distilbert.last_block",
            [hidden, starts, first, *weights, _epsilon()],
            (batch, dim),
            (batch, dim),
            (batch, self._config.n_heads * dim),
            (batch, dim),
            (batch, dim),
            (batch, self._config.hidden_dim),
            heads=self._config.n_heads,
            activation=ACTIVATIONS[self._config.activation],
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
        self.blocks = LayerList(
            [
                *(TransformerBlock(config, weights, index) for index in range(last)),
                LastBlock(config, weights, last),
            ]
        )
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
        hidden = self.embeddings(input_ids, starts)  # (tokens, dim)
        for block in self.blocks:
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
