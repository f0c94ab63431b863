"""DistilBERT in NumPy float64: an independent oracle, written from the paper and the checkpoint.

One sequence at a time, no batch and no padding, so that none of it can hide in the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import erf

Array = npt.NDArray[np.float64]

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "gelu": lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
}


def logits(tensors: Mapping[str, Array], config: Mapping[str, Any], ids: Sequence[int]) -> Array:
    """Returns the logits of one sequence, shape (num_labels,)."""

    def linear(x: Array, name: str) -> Array:
        return x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def layer_norm(x: Array, name: str) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        normed: Array = scaled * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]
        return normed

    def attention(x: Array, name: str) -> Array:
        head_dim = config["dim"] // config["n_heads"]
        query, key, value = (linear(x, f"{name}.{part}_lin") for part in "qkv")
        heads = []
        for head in range(config["n_heads"]):
            columns = slice(head * head_dim, (head + 1) * head_dim)
            scores = query[:, columns] @ key[:, columns].T / np.sqrt(head_dim)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(weights / weights.sum(-1, keepdims=True) @ value[:, columns])
        return linear(np.concatenate(heads, axis=-1), f"{name}.out_lin")

    positions = tensors.get("distilbert.embeddings.position_embeddings.weight")
    if positions is None:
        positions = sinusoids(config["max_position_embeddings"], config["dim"])
    words = tensors["distilbert.embeddings.word_embeddings.weight"][list(ids)]
    hidden = layer_norm(words + positions[: len(ids)], "distilbert.embeddings.LayerNorm")
    for layer in range(config["n_layers"]):
        block = f"distilbert.transformer.layer.{layer}"
        hidden = layer_norm(
            hidden + attention(hidden, f"{block}.attention"), f"{block}.sa_layer_norm"
        )
        inner = ACTIVATIONS[config["activation"]](linear(hidden, f"{block}.ffn.lin1"))
        hidden = layer_norm(
            hidden + linear(inner, f"{block}.ffn.lin2"), f"{block}.output_layer_norm"
        )
    return linear(np.maximum(linear(hidden[0], "pre_classifier"), 0), "classifier")


def sinusoids(positions: int, dim: int) -> Array:
    """Returns the sinusoidal position table, shape (positions, dim), element by element."""
    table = np.zeros((positions, dim))
    for position in range(positions):
        for column in range(dim):
            angle = position / 10000 ** (2 * (column // 2) / dim)
            table[position, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return table
