"""The oracle of ModernBERT sequence classifiers, by the names of Hugging Face's checkpoints.

Sources: Warner et al. 2024 (https://arxiv.org/abs/2412.13663); Su et al. 2021
(https://arxiv.org/abs/2104.09864) for rotary positions, Shazeer 2020
(https://arxiv.org/abs/2002.05202) for gates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.oracle.encoder import ACTIVATIONS, Array, Block, Linear, Norm, Tensors, linear, norm


@dataclass(frozen=True, kw_only=True)
class RotaryBlock(Block):
    """A pre-norm block with rotary positions and a gate.

    Attributes:
        gate: Multiplied by the activation of ``up``.
        theta: Base of the wavelengths.
        distance: How far away the tokens are at most that a token reads; None: all are read.
    """

    gate: Linear
    theta: float
    distance: int | None = None
    pre_norm: bool = True

    def attention(self, x: Array) -> Array:
        """Returns the self-attention of a sequence."""
        query, key, value = self.query(x), self.key(x), self.value(x)
        head_dim = query.shape[-1] // self.heads
        places = np.arange(len(x))
        apart = np.abs(places[:, None] - places)
        seen = apart <= (len(x) if self.distance is None else self.distance)
        results = []
        for head in range(self.heads):
            columns = slice(head * head_dim, (head + 1) * head_dim)
            rotated = [rotate(each[:, columns], self.theta) for each in (query, key)]
            scores = np.where(seen, rotated[0] @ rotated[1].T / np.sqrt(head_dim), -np.inf)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            results.append(weights / weights.sum(-1, keepdims=True) @ value[:, columns])
        return self.output(np.concatenate(results, axis=-1))

    def feed_forward(self, x: Array) -> Array:
        """Returns what the feed-forward makes of each row."""
        return self.down(ACTIVATIONS[self.activation](self.up(x)) * self.gate(x))


def rotate(x: Array, theta: float) -> Array:
    """Returns the rows of a sequence, rotated pair by pair as complex numbers."""
    half = x.shape[-1] // 2
    frequencies = theta ** (-np.arange(half) / half)
    turns = np.exp(1j * np.arange(len(x))[:, None] * frequencies)
    turned = (x[:, :half] + 1j * x[:, half:]) * turns
    return np.concatenate([turned.real, turned.imag], axis=-1)


def logits(
    tensors: Tensors,
    config: Mapping[str, Any],
    ids: Sequence[int],
    token_types: Sequence[int] | None = None,
) -> Array:
    """Returns the logits of one sequence, shape (num_labels,).

    Args:
        tensors: The checkpoint's tensors.
        config: Its ``config.json``.
        ids: Tokens of the sequence.
        token_types: Ignored: ModernBERT has no token types.
    """
    del token_types
    epsilon = config.get("norm_eps", 1e-5)
    layers = range(config["num_hidden_layers"])
    x = tensors["model.embeddings.tok_embeddings.weight"][list(ids)]
    x = norm(tensors, "model.embeddings.norm", epsilon)(x)
    for index in layers:
        x = _block(tensors, config, index)(x)
    x = norm(tensors, "model.final_norm", epsilon)(x)
    pooled = x.mean(0) if config.get("classifier_pooling") == "mean" else x[0]
    activation = ACTIVATIONS[config.get("classifier_activation", "gelu")]
    dense = activation(linear(tensors, "head.dense")(pooled))
    return linear(tensors, "classifier")(norm(tensors, "head.norm", epsilon)(dense))


def _block(tensors: Tensors, config: Mapping[str, Any], index: int) -> RotaryBlock:
    name = f"model.layers.{index}"
    epsilon = config.get("norm_eps", 1e-5)
    query, key, value = _parts(tensors, f"{name}.attn.Wqkv", 3)
    up, gate = _parts(tensors, f"{name}.mlp.Wi", 2)
    is_local, theta = _kind(config, index)
    return RotaryBlock(
        query=query,
        key=key,
        value=value,
        output=linear(tensors, f"{name}.attn.Wo"),
        attention_norm=norm(tensors, f"{name}.attn_norm", epsilon) if index else _NONE,
        up=up,
        gate=gate,
        down=linear(tensors, f"{name}.mlp.Wo"),
        output_norm=norm(tensors, f"{name}.mlp_norm", epsilon),
        heads=config["num_attention_heads"],
        activation=config.get("hidden_activation", "gelu"),
        theta=theta,
        distance=config.get("local_attention", 128) // 2 if is_local else None,
    )


def _kind(config: Mapping[str, Any], index: int) -> tuple[bool, float]:
    """Returns whether a block is local, and its theta."""
    is_local = index % config.get("global_attn_every_n_layers", 3) > 0
    if "layer_types" in config:
        is_local = config["layer_types"][index] == "sliding_attention"
    if "rope_parameters" in config:
        kind = "sliding_attention" if is_local else "full_attention"
        return is_local, config["rope_parameters"][kind]["rope_theta"]
    if is_local:
        return is_local, config.get("local_rope_theta", 10_000.0)
    return is_local, config.get("global_rope_theta", 160_000.0)


class _NoNorm(Norm):
    def __call__(self, x: Array) -> Array:
        return x


_NONE = _NoNorm(np.ones(()), 0.0, 0.0)


def _parts(tensors: Tensors, name: str, count: int) -> list[Linear]:
    """Returns the linear layers that a checkpoint has as one."""
    weights = np.split(tensors[f"{name}.weight"], count)
    if f"{name}.bias" not in tensors:
        return [Linear(weight) for weight in weights]
    biases = np.split(tensors[f"{name}.bias"], count)
    return [Linear(*each) for each in zip(weights, biases, strict=True)]
