"""The DistilBERT sequence classifier as a MAX graph, read top-down at the end of the file.

How it differs from its neighbour ``max/pipelines/architectures/bert``: no token types and no
pooler; the answer is the classification head on [CLS] rather than a pooled sentence embedding;
layer norms are post-norms with epsilon 1e-12; the attention mask arrives as lengths, because a
token id cannot tell padding from a "[PAD]" that somebody typed.

Source: Sanh et al. 2019 (https://arxiv.org/abs/1910.01108) as implemented by Hugging Face's
``DistilBertForSequenceClassification``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from max.dtype import DType
from max.graph import DeviceRef, TensorType, TensorValue, ops
from max.nn.embedding import Embedding
from max.nn.layer import LayerList, Module
from max.nn.linear import Linear
from max.nn.norm import LayerNorm

from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig

LAYER_NORM_EPSILON = 1e-12


def relu(x: TensorValue) -> TensorValue:
    """Returns the larger of each number and 0, and NaN of NaN.

    ``ops.relu`` makes 0 of NaN, and a checkpoint that overflows would seem to answer.
    """
    larger: TensorValue = (x + ops.abs(x)) * 0.5
    return larger


def tanh(x: TensorValue) -> TensorValue:
    """Returns the hyperbolic tangent of each number, and NaN of NaN, of which ``ops`` makes 1."""
    return ops.where(ops.is_nan(x), x, ops.tanh(x))


ACTIVATIONS: dict[str, Callable[[TensorValue], TensorValue]] = {
    "gelu": ops.gelu,  # the exact erf form
    "gelu_new": partial(ops.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(ops.gelu, approximate="tanh"),
    "relu": relu,
    "silu": ops.silu,
    "swish": ops.silu,
    "tanh": tanh,
}


class Embeddings(Module):
    """Word plus position embeddings, normalised."""

    def __init__(self, config: HFConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.word_embeddings = Embedding(config.vocab_size, config.dim, dtype, device)
        self.position_embeddings = Embedding(
            config.max_position_embeddings, config.dim, dtype, device
        )
        self.layer_norm = _layer_norm(config.dim, dtype, device)

    def __call__(self, input_ids: TensorValue) -> TensorValue:
        positions = ops.range(
            0, input_ids.shape[1], dtype=DType.int64, device=input_ids.device
        )  # (seq,)
        words = self.word_embeddings(input_ids)  # (batch, seq, dim)
        return _normalise(self.layer_norm, words + self.position_embeddings(positions))


class SelfAttention(Module):
    """Multi-head scaled dot-product attention over the real tokens of each row."""

    def __init__(self, config: HFConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.head_dim = config.dim // config.n_heads
        self.query = _linear(config.dim, config.dim, dtype, device)
        self.key = _linear(config.dim, config.dim, dtype, device)
        self.value = _linear(config.dim, config.dim, dtype, device)
        self.output = _linear(config.dim, config.dim, dtype, device)

    def __call__(self, hidden: TensorValue, mask: TensorValue) -> TensorValue:
        query = self._split_heads(self.query(hidden)) / math.sqrt(self.head_dim)
        key = self._split_heads(self.key(hidden))
        value = self._split_heads(self.value(hidden))

        scores = query @ key.transpose(2, 3)  # (batch, heads, seq, seq)
        weights = ops.softmax(scores.cast(DType.float32) + mask).cast(hidden.dtype)
        heads = ops.permute(weights @ value, [0, 2, 1, 3])  # (batch, seq, heads, head_dim)
        return self.output(ops.reshape(heads, hidden.shape))

    def _split_heads(self, x: TensorValue) -> TensorValue:
        batch, seq = x.shape[0], x.shape[1]
        split = ops.reshape(x, (batch, seq, self.n_heads, self.head_dim))
        return ops.permute(split, [0, 2, 1, 3])  # (batch, heads, seq, head_dim)


class FeedForward(Module):
    """Two linear layers with the activation between them."""

    def __init__(self, config: HFConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.up = _linear(config.dim, config.hidden_dim, dtype, device)
        self.down = _linear(config.hidden_dim, config.dim, dtype, device)
        self.activation = ACTIVATIONS[config.activation]

    def __call__(self, hidden: TensorValue) -> TensorValue:
        return self.down(self.activation(self.up(hidden)))


class TransformerBlock(Module):
    """Attention and feed-forward, each with a residual and a norm after it."""

    def __init__(self, config: HFConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.attention = SelfAttention(config, dtype, device)
        self.attention_norm = _layer_norm(config.dim, dtype, device)
        self.feed_forward = FeedForward(config, dtype, device)
        self.output_norm = _layer_norm(config.dim, dtype, device)

    def __call__(self, hidden: TensorValue, mask: TensorValue) -> TensorValue:
        hidden = _normalise(self.attention_norm, hidden + self.attention(hidden, mask))
        return _normalise(self.output_norm, hidden + self.feed_forward(hidden))


class Encoder(Module):
    """The stack of transformer blocks."""

    def __init__(self, config: HFConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.layers = LayerList(
            [TransformerBlock(config, dtype, device) for _ in range(config.n_layers)]
        )

    def __call__(self, hidden: TensorValue, mask: TensorValue) -> TensorValue:
        for block in self.layers:
            hidden = block(hidden, mask)
        return hidden


class Classifier(Module):
    """The head on [CLS]: linear, ReLU, linear."""

    def __init__(self, config: HFConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.pre_classifier = _linear(config.dim, config.dim, dtype, device)
        self.projection = _linear(config.dim, config.num_labels, dtype, device)

    def __call__(self, cls: TensorValue) -> TensorValue:
        return self.projection(relu(self.pre_classifier(cls)))


class DistilBertForSequenceClassification(Module):
    """Token ids to logits.

    Args:
        config: The checkpoint's configuration.
        dtype: What to compute in; float32 on CPU.
        device: Where.
    """

    def __init__(self, config: HFConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.device = device
        self.embeddings = Embeddings(config, dtype, device)
        self.encoder = Encoder(config, dtype, device)
        self.classifier = Classifier(config, dtype, device)

    def input_types(self) -> tuple[TensorType, TensorType]:
        """Returns the types of the graph's inputs.

        ``input_ids``: int64 ``(batch, seq)``, rows filled up on the right with any valid id.
        ``lengths``: int64 ``(batch,)``, real tokens in each row, 1 to seq.
        """
        return (
            TensorType(DType.int64, ["batch", "seq"], device=self.device),
            TensorType(DType.int64, ["batch"], device=self.device),
        )

    def __call__(self, input_ids: TensorValue, lengths: TensorValue) -> TensorValue:
        mask = attention_mask(lengths, input_ids)  # (batch, 1, 1, seq)
        hidden = self.embeddings(input_ids)  # (batch, seq, dim)
        hidden = self.encoder(hidden, mask)
        logits = self.classifier(hidden[:, 0])  # (batch, num_labels)
        return logits.cast(DType.float32)


def attention_mask(lengths: TensorValue, input_ids: TensorValue) -> TensorValue:
    """Returns what to add to the scores: 0 at real tokens, the lowest float32 at padding.

    Shape ``(batch, 1, 1, seq)``, float32.
    """
    positions = ops.range(0, input_ids.shape[1], dtype=DType.int64, device=input_ids.device)
    real = ops.unsqueeze(positions, 0) < ops.unsqueeze(lengths, 1)  # (batch, seq)
    zero = ops.constant(0.0, DType.float32, device=input_ids.device)
    lowest = ops.constant(-3.4028234663852886e38, DType.float32, device=input_ids.device)
    return ops.unsqueeze(ops.unsqueeze(ops.where(real, zero, lowest), 1), 1)


def _linear(in_dim: int, out_dim: int, dtype: DType, device: DeviceRef) -> Linear:
    return Linear(in_dim, out_dim, dtype, device, has_bias=True)


def _layer_norm(dim: int, dtype: DType, device: DeviceRef) -> LayerNorm:
    return LayerNorm(dim, devices=[device], dtype=dtype, eps=LAYER_NORM_EPSILON)


def _normalise(norm: LayerNorm, hidden: TensorValue) -> TensorValue:
    normalised: TensorValue = norm(hidden)
    return normalised
