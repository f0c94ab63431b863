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

_ACTIVATIONS = {
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


class LinearNorm(Module):
    """A linear layer, the residual, and the norm of their sum."""

    def __init__(self, weights: Packed, name: str) -> None:
        super().__init__()
        self.panels = _weight(weights, f"{name}.panels")
        self.bias = _weight(weights, f"{name}.bias")
        self.gamma = _weight(weights, f"{name}.gamma")
        self.beta = _weight(weights, f"{name}.beta")

    def __call__(self, hidden: TensorValue, residual: TensorValue) -> TensorValue:
        values = [hidden, self.panels, self.bias, residual, self.gamma, self.beta, _epsilon()]
        return _custom("distilbert.linear_norm", values, residual.shape)  # (rows, dim)


class TransformerBlock(Module):
    """Attention and feed-forward over every token."""

    def __init__(self, config: HFConfig, weights: Packed, index: int) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        name = f"blocks.{index}"
        self.query_key_value = Linear(weights, f"{name}.query_key_value", 3 * config.dim)
        self.attention_output = LinearNorm(weights, f"{name}.attention_output")
        activation = _ACTIVATIONS[config.activation]
        self.up = Linear(weights, f"{name}.up", config.hidden_dim, activation)
        self.down = LinearNorm(weights, f"{name}.down")

    def __call__(self, hidden: TensorValue, starts: TensorValue) -> TensorValue:
        rows = self.query_key_value(hidden)  # (tokens, 3 * dim)
        heads = _attention(self.n_heads, rows, starts, rows, starts, hidden.shape)
        hidden = self.attention_output(heads, hidden)
        return self.down(self.up(hidden), hidden)


class LastBlock(Module):
    """The last block, for the first token of each sequence only."""

    def __init__(self, config: HFConfig, weights: Packed, index: int) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        name = f"blocks.{index}"
        self.query = Linear(weights, f"{name}.query", config.dim)
        self.key_value = Linear(weights, f"{name}.key_value", 2 * config.dim)
        self.attention_output = LinearNorm(weights, f"{name}.attention_output")
        activation = _ACTIVATIONS[config.activation]
        self.up = Linear(weights, f"{name}.up", config.hidden_dim, activation)
        self.down = LinearNorm(weights, f"{name}.down")

    def __call__(self, hidden: TensorValue, starts: TensorValue) -> TensorValue:
        first = ops.gather(hidden, starts[:-1], axis=0)  # (batch, dim)
        one_each = ops.range(0, starts.shape[0], dtype=DType.int64, device=_CPU)  # (batch + 1,)
        rows = self.key_value(hidden)  # (tokens, 2 * dim)
        heads = _attention(
            self.n_heads, self.query(first), one_each, rows, starts, first.shape
        )  # (batch, dim)
        first = self.attention_output(heads, first)
        return self.down(self.up(first), first)


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


def _attention(
    n_heads: int,
    queries: TensorValue,
    query_starts: TensorValue,
    rows: TensorValue,
    starts: TensorValue,
    shape: Any,
) -> TensorValue:
    values = [queries, query_starts, rows, starts]
    return _custom("distilbert.attention", values, shape, heads=n_heads)


def _epsilon() -> TensorValue:
    return ops.constant(LAYER_NORM_EPSILON, DType.float32, device=_CPU)


def _custom(
    name: str, values: list[Any], shape: Any, **parameters: bool | int | str | DType
) -> TensorValue:
    result_type = TensorType(DType.float32, shape, device=_CPU)
    found = ops.custom(
        name, device=_CPU, values=values, out_types=[result_type], parameters=parameters
    )
    return found[0].tensor
