"""BERT-like encoders with a classification head in NumPy float64, written from the papers.

One sequence at a time, without batches, padding or masks, so that no error can hide in these.

Sources: Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762), Devlin et al. 2018
(https://arxiv.org/abs/1810.04805), Xiong et al. 2020 (https://arxiv.org/abs/2002.04745).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import erf

Array = npt.NDArray[np.float64]
Tensors = Mapping[str, Array]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu": lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
}
"""By their names in ``config.json``."""


@dataclass(frozen=True)
class Linear:
    """``x @ weight.T + bias``, the bias being 0 where there is none."""

    weight: Array
    bias: Array | float = 0.0

    def __call__(self, x: Array) -> Array:
        """Returns the layer's result for each row."""
        result: Array = x @ self.weight.T + self.bias
        return result


@dataclass(frozen=True)
class Norm:
    """Layer norm with the biased variance."""

    gamma: Array
    beta: Array | float
    epsilon: float

    def __call__(self, x: Array) -> Array:
        """Returns the normalised rows."""
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred**2).mean(-1, keepdims=True)
        result: Array = centred / np.sqrt(variance + self.epsilon) * self.gamma + self.beta
        return result


@dataclass(frozen=True, kw_only=True)
class Block:
    """A transformer block.

    Attributes:
        query: Of all heads, as are key and value.
        key: Likewise.
        value: Likewise.
        output: What attention ends with.
        attention_norm: After attention's residual, or where ``pre_norm``, before attention.
        up: The first layer of the feed-forward.
        down: The second one.
        output_norm: After the feed-forward's residual, or before the feed-forward.
        heads: Attention heads.
        activation: One of ``ACTIVATIONS``.
        pre_norm: Where the norms are.
        distance_biases: What is added to the scores, ``(32, heads)``, by the bucket of a distance;
            None: nothing.
    """

    query: Linear
    key: Linear
    value: Linear
    output: Linear
    attention_norm: Norm
    up: Linear
    down: Linear
    output_norm: Norm
    heads: int
    activation: str
    pre_norm: bool = False
    distance_biases: Array | None = None

    def __call__(self, x: Array) -> Array:
        """Returns the block's result for the tokens of one sequence."""
        if self.pre_norm:
            x = x + self.attention(self.attention_norm(x))
            return x + self.feed_forward(self.output_norm(x))
        x = self.attention_norm(x + self.attention(x))
        return self.output_norm(x + self.feed_forward(x))

    def attention(self, x: Array) -> Array:
        """Returns the self-attention of a sequence."""
        query, key, value = self.query(x), self.key(x), self.value(x)
        head_dim = query.shape[-1] // self.heads
        results = []
        for head in range(self.heads):
            columns = slice(head * head_dim, (head + 1) * head_dim)
            scores = query[:, columns] @ key[:, columns].T / np.sqrt(head_dim)
            if self.distance_biases is not None:
                scores = scores + distance_biases(self.distance_biases[:, head], len(x))
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            results.append(weights / weights.sum(-1, keepdims=True) @ value[:, columns])
        return self.output(np.concatenate(results, axis=-1))

    def feed_forward(self, x: Array) -> Array:
        """Returns what the feed-forward makes of each row."""
        return self.down(ACTIVATIONS[self.activation](self.up(x)))


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """An encoder and its head.

    Attributes:
        words: ``(vocabulary, dim)``.
        positions: ``(positions, dim)``.
        types: ``(types, dim)``, or None where there are no token types.
        norm: Of the embeddings.
        blocks: In their order.
        final_norm: After the last block, or None.
        dense: The head's first layer, on the first token.
        head_activation: What follows it, one of ``ACTIVATIONS``.
        projection: The head's second layer.
    """

    words: Array
    positions: Array
    types: Array | None = None
    norm: Norm
    blocks: Sequence[Block]
    final_norm: Norm | None = None
    dense: Linear
    head_activation: str
    projection: Linear

    def logits(self, ids: Sequence[int], token_types: Sequence[int] | None = None) -> Array:
        """Returns the logits of one sequence, shape (num_labels,).

        Args:
            ids: Its tokens.
            token_types: The type of each; None: all have type 0.
        """
        x = self.words[list(ids)] + self.positions[: len(ids)]
        if self.types is not None:
            x = x + self.types[[0] * len(ids) if token_types is None else list(token_types)]
        x = self.norm(x)
        for block in self.blocks:
            x = block(x)
        if self.final_norm is not None:
            x = self.final_norm(x)
        return self.projection(ACTIVATIONS[self.head_activation](self.dense(x[0])))


def distance_biases(table: Array, length: int) -> Array:
    """Returns the biases of a head by query and key; Raffel et al. 2019, bidirectional.

    Half of the 32 rows are of keys before the query, half of those behind it. In each half, the
    first 8 are of one distance each, the others of distances up to 128 in logarithmic steps.
    """
    found = np.empty((length, length))
    for query in range(length):
        for key in range(length):
            distance = abs(key - query)
            row = distance
            if distance >= 8:
                row = min(15, 8 + int(8 * math.log(distance / 8) / math.log(16) + 1e-6))
            found[query, key] = table[row + (16 if key > query else 0)]
    return found


def linear(tensors: Tensors, name: str) -> Linear:
    """Returns the linear layer of that name in a checkpoint."""
    return Linear(tensors[f"{name}.weight"], tensors.get(f"{name}.bias", 0.0))


def norm(tensors: Tensors, name: str, epsilon: float) -> Norm:
    """Returns the layer norm of that name in a checkpoint."""
    return Norm(tensors[f"{name}.weight"], tensors.get(f"{name}.bias", 0.0), epsilon)
