"""The oracle of DeBERTa sequence classifiers, by the names of Hugging Face's checkpoints.

Source: He et al. 2020 (https://arxiv.org/abs/2006.03654). No paper defines the buckets and the
convolution of version 2; they are written from Hugging Face's description of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scripts.oracle.encoder import ACTIVATIONS, Array, Block, Linear, Tensors, linear, norm

_ENCODER = "deberta.encoder"


@dataclass(frozen=True, kw_only=True)
class DisentangledBlock(Block):
    """A post-norm block whose scores are sums of up to three products.

    Attributes:
        distances: Embedding of the distance of each query from each key, ``(seq, seq, dim)``.
        position_key: Makes keys of them, which queries are multiplied by; None: no such product.
        position_query: Makes queries of them, which keys are multiplied by; None: likewise.
    """

    distances: Array
    position_key: Linear | None
    position_query: Linear | None

    def attention(self, x: Array) -> Array:
        """Returns the self-attention of a sequence."""
        query, key, value = (
            each(x).reshape(len(x), self.heads, -1) for each in (self.query, self.key, self.value)
        )
        products = [np.einsum("ihd,jhd->hij", query, key)]
        of_heads = (*self.distances.shape[:2], self.heads, -1)
        if self.position_key is not None:
            keys = self.position_key(self.distances).reshape(of_heads)
            products.append(np.einsum("ihd,ijhd->hij", query, keys))
        if self.position_query is not None:
            queries = self.position_query(self.distances).reshape(of_heads)
            products.append(np.einsum("jhd,ijhd->hij", key, queries))
        scores = sum(products) / math.sqrt(query.shape[-1] * len(products))
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        return self.output(np.einsum("hij,jhd->ihd", weights, value).reshape(len(x), -1))


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
        token_types: The type of each token; None: all have type 0.
    """
    embeddings = "deberta.embeddings"
    x = tensors[f"{embeddings}.word_embeddings.weight"][list(ids)]
    if config.get("position_biased_input", True):
        x = x + tensors[f"{embeddings}.position_embeddings.weight"][: len(ids)]
    if config.get("type_vocab_size", 0):
        types = [0] * len(ids) if token_types is None else list(token_types)
        x = x + tensors[f"{embeddings}.token_type_embeddings.weight"][types]
    embedded = norm(tensors, f"{embeddings}.LayerNorm", _epsilon(config))(x)
    distances = _distances(tensors, config, len(ids))
    x = embedded
    for index in range(config["num_hidden_layers"]):
        x = _block(tensors, config, f"{_ENCODER}.layer.{index}", distances)(x)
        if index == 0 and config.get("conv_kernel_size", 0) > 0:
            convolved = ACTIVATIONS[config.get("conv_act", "tanh")](
                convolution(
                    embedded,
                    tensors[f"{_ENCODER}.conv.conv.weight"],
                    tensors[f"{_ENCODER}.conv.conv.bias"],
                )
            )
            x = norm(tensors, f"{_ENCODER}.conv.LayerNorm", _epsilon(config))(x + convolved)
    activation = ACTIVATIONS[config.get("pooler_hidden_act", "gelu")]
    return linear(tensors, "classifier")(activation(linear(tensors, "pooler.dense")(x[0])))


def convolution(x: Array, weight: Array, bias: Array) -> Array:
    """Returns the convolution of a sequence with zeros around it, number by number.

    Args:
        x: ``(seq, columns)``.
        weight: ``(columns, columns of a group, size)``; as many groups as fit into ``columns``.
        bias: ``(columns,)``.
    """
    columns, width, size = weight.shape
    result = np.tile(bias, (len(x), 1))
    for place in range(len(x)):
        for step in range(size):
            read = place + step - (size - 1) // 2
            if not 0 <= read < len(x):
                continue
            for column in range(columns):
                group = column // width * width
                result[place, column] += x[read, group : group + width] @ weight[column, :, step]
    return result


def _block(
    tensors: Tensors, config: Mapping[str, Any], name: str, distances: Array | None
) -> Block:
    attention = f"{name}.attention.self"
    parts: dict[str, Any] = {
        "query": linear(tensors, f"{attention}.query_proj"),
        "key": linear(tensors, f"{attention}.key_proj"),
        "value": linear(tensors, f"{attention}.value_proj"),
        "output": linear(tensors, f"{name}.attention.output.dense"),
        "attention_norm": norm(tensors, f"{name}.attention.output.LayerNorm", _epsilon(config)),
        "up": linear(tensors, f"{name}.intermediate.dense"),
        "down": linear(tensors, f"{name}.output.dense"),
        "output_norm": norm(tensors, f"{name}.output.LayerNorm", _epsilon(config)),
        "heads": config["num_attention_heads"],
        "activation": config.get("hidden_act", "gelu"),
    }
    if distances is None:
        return Block(**parts)
    shared = config.get("share_att_key", False)

    def position(term: str, own: str, tokens: str) -> Linear | None:
        if term not in config["pos_att_type"]:
            return None
        return parts[tokens] if shared else linear(tensors, f"{attention}.{own}")

    return DisentangledBlock(
        **parts,
        distances=distances,
        position_key=position("c2p", "pos_key_proj", "key"),
        position_query=position("p2c", "pos_query_proj", "query"),
    )


def _distances(tensors: Tensors, config: Mapping[str, Any], length: int) -> Array | None:
    """Returns the embedding of each query's distance from each key, or None where none is used."""
    if not config.get("relative_attention", False):
        return None
    table = tensors[f"{_ENCODER}.rel_embeddings.weight"]
    if "layer_norm" in config.get("norm_rel_ebd", "none"):
        table = norm(tensors, f"{_ENCODER}.LayerNorm", _epsilon(config))(table)
    rows = [[_row(config, query - key) for key in range(length)] for query in range(length)]
    found: Array = table[np.clip(np.array(rows) + len(table) // 2, 0, len(table) - 1)]
    return found


def _row(config: Mapping[str, Any], distance: int) -> int:
    """Returns the bucket of a distance: itself up to half of them, then logarithmic."""
    middle: int = config.get("position_buckets", -1) // 2
    if middle < 1 or abs(distance) <= middle:
        return distance
    farthest = config.get("max_relative_positions", -1)
    if farthest < 1:
        farthest = config["max_position_embeddings"]
    # In float32, in which Hugging Face's implementation decides where a bucket begins.
    whole = np.log(np.float32((farthest - 1) / middle))
    step = np.log(np.float32(abs(distance)) / np.float32(middle)) / whole
    bucket: int = middle + math.ceil(step * np.float32(middle - 1))
    return bucket if distance > 0 else -bucket


def _epsilon(config: Mapping[str, Any]) -> float:
    return float(config.get("layer_norm_eps", 1e-7))
