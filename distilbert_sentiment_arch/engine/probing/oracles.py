"""What the rungs' graphs compute, in NumPy float64, and the inputs that they compute it of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.code_weights import to_bfloat16

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def random(*shape: int, seed: int, dtype: str = "float32") -> Floats:
    """Returns normally distributed numbers that a dtype holds, as float32.

    Args:
        shape: Their shape.
        seed: Which numbers.
        dtype: ``float32``, ``float16`` or ``bfloat16``.
    """
    return rounded(np.random.default_rng(seed).standard_normal(shape, np.float32), dtype)


def rounded(numbers: Floats, dtype: str) -> Floats:
    """Returns numbers rounded to a dtype, as float32."""
    if dtype == "float16":
        return numbers.astype(np.float16).astype(np.float32)
    if dtype == "bfloat16":
        return (to_bfloat16(numbers).astype(np.uint32) << 16).view(np.float32)
    return numbers


def gelu(x: Doubles) -> Doubles:
    """Returns GELU with the error function."""
    result: Doubles = 0.5 * x * (1 + _erf(x / math.sqrt(2)))
    return result


def layer_norm(x: Doubles, gamma: Doubles, beta: Doubles, epsilon: float) -> Doubles:
    """Returns the layer norm of the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    variance = np.square(centred).mean(-1, keepdims=True)
    result: Doubles = centred / np.sqrt(variance + epsilon) * gamma + beta
    return result


def softmax(x: Doubles) -> Doubles:
    """Returns the softmax of the last axis."""
    powers = np.exp(x - x.max(-1, keepdims=True))
    result: Doubles = powers / powers.sum(-1, keepdims=True)
    return result


def attention(
    query: Doubles, key: Doubles, value: Doubles, lengths: npt.NDArray[np.int64]
) -> Doubles:
    """Returns attention over the real tokens of each row.

    Args:
        query: ``(batch, heads, tokens, width)``, as are the next two.
        key: Keys.
        value: Values.
        lengths: ``(batch,)``, real tokens of each row.
    """
    scores = query @ np.swapaxes(key, 2, 3) / math.sqrt(query.shape[-1])
    real = np.arange(query.shape[2]) < lengths[:, None, None, None]
    result: Doubles = softmax(np.where(real, scores, -np.inf)) @ value
    return result


SMALL_ENCODER = EncoderConfig(
    architecture="none",
    hidden_size=128,
    intermediate_size=256,
    num_attention_heads=4,
    num_hidden_layers=2,
    vocab_size=500,
    max_position_embeddings=64,
    head_activation="relu",
    num_labels=3,
)
"""The encoder of the rungs of kernels: one ordinary block, and the last one."""


def small_weights() -> Mapping[str, Floats]:
    """Returns weights of ``SMALL_ENCODER`` by their names in the graph."""
    config, generator = SMALL_ENCODER, np.random.default_rng(19)
    weights: dict[str, Floats] = {}

    def add(name: str, shape: tuple[int, ...], centre: float, deviation: float) -> None:
        numbers = generator.normal(centre, deviation, shape)
        weights[name] = np.asarray(numbers, np.float32)

    def linear(name: str, rows: int, columns: int) -> None:
        add(f"{name}.weight", (rows, columns), 0, columns**-0.5)
        add(f"{name}.bias", (rows,), 0, 0.1)

    def norm(name: str) -> None:
        add(f"{name}.weight", (config.hidden_size,), 1, 0.1)
        add(f"{name}.bias", (config.hidden_size,), 0, 0.1)

    dim, inner = config.hidden_size, config.intermediate_size
    add("embeddings.word_embeddings.weight", (config.vocab_size, dim), 0, 1)
    add("embeddings.position_embeddings.weight", (config.max_position_embeddings, dim), 0, 1)
    norm("embeddings.layer_norm")
    for index in range(config.num_hidden_layers):
        block = f"encoder.layers.{index}"
        for part in ("query", "key", "value", "output"):
            linear(f"{block}.attention.{part}", dim, dim)
        linear(f"{block}.feed_forward.up", inner, dim)
        linear(f"{block}.feed_forward.down", dim, inner)
        norm(f"{block}.attention_norm")
        norm(f"{block}.output_norm")
    linear("classifier.dense", dim, dim)
    linear("classifier.projection", config.num_labels, dim)
    return weights


class Widened(Mapping[str, npt.NDArray[Any]]):
    """Weights that become float64 when they are read; only one of them is twice in memory.

    Tables of embeddings stay as they are: they are looked up, not computed with.
    """

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = self._weights[name]
        return found if name.endswith("_embeddings.weight") else found.astype(np.float64)

    def __iter__(self) -> Iterator[str]:
        return iter(self._weights)

    def __len__(self) -> int:
        return len(self._weights)
