"""An encoder with its head in NumPy float32, which the self-check holds other precisions against.

It reads the weights of ``EncoderForSequenceClassification`` by their names. Tokens of several
sequences are computed together; only attention looks at one sequence at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence

Floats = npt.NDArray[np.float32]

MOST_TOKENS = 512
"""Most tokens that are computed together: a layer's results take a few megabytes."""


def numpy_logits(
    weights: Mapping[str, Floats], config: EncoderConfig, sequences: Sequence[TokenSequence]
) -> Floats:
    """Returns the logits of sequences, ``(sequences, num_labels)``.

    Args:
        weights: By their names in the graph, float32. A missing bias is 0.
        config: The encoder's configuration.
        sequences: Token ids, none longer than the encoder reads.
    """
    encoder = NumpyEncoder(weights, config)
    return np.concatenate([encoder.logits(group) for group in grouped(sequences)])


def grouped(sequences: Sequence[TokenSequence]) -> Iterator[list[TokenSequence]]:
    """Yields neighbours that come to ``MOST_TOKENS`` tokens or less; a longer one is alone."""
    group: list[TokenSequence] = []
    for sequence in sequences:
        if group and sum(map(len, group)) + len(sequence) > MOST_TOKENS:
            yield group
            group = []
        group.append(sequence)
    if group:
        yield group


class NumpyEncoder:
    """An encoder with a post-norm or pre-norm and plain attention.

    Args:
        weights: By their names in the graph, float32. A missing bias is 0.
        config: The encoder's configuration.
    """

    def __init__(self, weights: Mapping[str, Floats], config: EncoderConfig) -> None:
        self._weights = weights
        self._config = config

    def product(self, left: Floats, right: Floats) -> Floats:
        """Returns the product of two (batches of) matrices: every product there is."""
        result: Floats = left @ right
        return result

    def logits(self, sequences: Sequence[TokenSequence]) -> Floats:
        """Returns the logits of sequences that are computed together."""
        config = self._config
        starts = np.cumsum([0, *map(len, sequences)])
        hidden = self._embeddings(sequences)
        pre_norm = config.norm_placement == "pre"
        for index in range(config.num_hidden_layers):
            block = f"encoder.layers.{index}"
            before = self._norm(f"{block}.attention_norm", hidden) if pre_norm else hidden
            hidden = hidden + self._attention(f"{block}.attention", before, starts)
            if not pre_norm:
                hidden = self._norm(f"{block}.attention_norm", hidden)
            before = self._norm(f"{block}.output_norm", hidden) if pre_norm else hidden
            hidden = hidden + self._feed_forward(f"{block}.feed_forward", before)
            if not pre_norm:
                hidden = self._norm(f"{block}.output_norm", hidden)
        if pre_norm:
            hidden = self._norm("encoder.final_norm", hidden)
        first = self._linear("classifier.dense", hidden[starts[:-1]])
        return self._linear("classifier.projection", _ACTIVATIONS[config.head_activation](first))

    def _embeddings(self, sequences: Sequence[TokenSequence]) -> Floats:
        def table(name: str, rows: list[npt.NDArray[np.int64]]) -> Floats:
            return self._weights[f"embeddings.{name}_embeddings.weight"][np.concatenate(rows)]

        places = [np.arange(len(each)) for each in sequences]
        hidden = table("word", [each.ids for each in sequences]) + table("position", places)
        if self._config.has_token_types:
            second = [
                (place >= each.first_segment).astype(np.int64)
                for place, each in zip(places, sequences, strict=True)
            ]
            hidden = hidden + table("token_type", second)
        elif self._config.type_vocab_size:
            hidden = hidden + self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm("embeddings.layer_norm", hidden)

    def _attention(self, name: str, hidden: Floats, starts: npt.NDArray[np.int64]) -> Floats:
        heads = self._config.num_attention_heads
        query, key, value = (
            self._linear(f"{name}.{part}", hidden).reshape(len(hidden), heads, -1)
            for part in ("query", "key", "value")
        )
        scale = np.float32(query.shape[-1] ** -0.5)
        found = np.empty_like(query)
        for start, end in pairwise(starts):
            mine = slice(start, end)
            scores = self.product(
                query[mine].transpose(1, 0, 2) * scale, key[mine].transpose(1, 2, 0)
            )  # (heads, queries, keys)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            scores /= scores.sum(-1, keepdims=True)
            read = self.product(scores, value[mine].transpose(1, 0, 2))
            found[mine] = read.transpose(1, 0, 2)
        return self._linear(f"{name}.output", found.reshape(hidden.shape))

    def _feed_forward(self, name: str, hidden: Floats) -> Floats:
        activation = _ACTIVATIONS[self._config.hidden_act]
        return self._linear(f"{name}.down", activation(self._linear(f"{name}.up", hidden)))

    def _linear(self, name: str, hidden: Floats) -> Floats:
        result = self.product(hidden, self._weights[f"{name}.weight"].T)
        bias = self._weights.get(f"{name}.bias")
        return result if bias is None else result + bias

    def _norm(self, name: str, hidden: Floats) -> Floats:
        centred = hidden - hidden.mean(-1, keepdims=True)
        variance = np.square(centred).mean(-1, keepdims=True)
        deviation = np.sqrt(variance + np.float32(self._config.layer_norm_eps))
        result: Floats = centred / deviation * self._weights[f"{name}.weight"]
        beta = self._weights.get(f"{name}.bias")
        return result if beta is None else result + beta


def _gelu(x: Floats) -> Floats:
    result: Floats = np.float32(0.5) * x * (1 + _erf(x * np.float32(0.5**0.5)))
    return result


def _erf(x: Floats) -> Floats:
    """Returns the error function; formula 7.1.26 of Abramowitz and Stegun, error 1.5e-7."""
    size = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    total = np.zeros_like(t)
    for coefficient in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        total = (total + np.float32(coefficient)) * t
    result: Floats = np.copysign(1 - total * np.exp(-np.square(size)), x)
    return result


def _gelu_tanh(x: Floats) -> Floats:
    inner = np.float32((2 / np.pi) ** 0.5) * (x + np.float32(0.044715) * x * x * x)
    result: Floats = np.float32(0.5) * x * (1 + np.tanh(inner))
    return result


def _relu(x: Floats) -> Floats:
    return np.maximum(x, np.float32(0))


def _silu(x: Floats) -> Floats:
    # By tanh: the exponential of a large negative number would overflow.
    half = np.float32(0.5) * x
    result: Floats = half * (1 + np.tanh(half))
    return result


_ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "relu": _relu,
    "silu": _silu,
    "tanh": np.tanh,
}
"""By the values of ``encoder_config.ACTIVATIONS``."""
