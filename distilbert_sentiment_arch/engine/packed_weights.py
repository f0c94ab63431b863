"""Graph weights as the kernels read them: panels of 64 columns, made once at load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from distilbert_sentiment_arch.checkpoint.hf_config import HFConfig

PANEL = 64
"""Columns of a panel; tile.mojo has the same number."""

FIRST_PROJECTION = tuple(
    f"encoder.layers.0.attention.{name}.weight" for name in ("query", "key", "value")
)

_TABLE_ROWS = 4096
"""Rows of a table that are multiplied at once: what lies on the way takes memory."""

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]
Packed = dict[str, npt.NDArray[np.floating]]


def pack(weights: Weights, config: HFConfig) -> Packed:
    """Returns the weights of ``PackedDistilBert``.

    Queries, keys and values are one matrix. The first block has tables in its place, which are 0
    here and take no memory before ``fill_tables`` fills them. In the last block, whose queries are
    those of [CLS] alone, they are three: the one of keys is multiplied from its other side, without
    a bias, see ``kernels/single_query.mojo``.

    Args:
        weights: Those of ``DistilBertForSequenceClassification``, float32.
        config: The checkpoint's configuration.
    """
    packed: Packed = {
        "embeddings.words": narrowed(weights["embeddings.word_embeddings.weight"]),
        "embeddings.positions": weights["embeddings.position_embeddings.weight"],
        "embeddings.gamma": weights["embeddings.layer_norm.weight"],
        "embeddings.beta": weights["embeddings.layer_norm.bias"],
    }
    for index in range(config.n_layers):
        block = f"encoder.layers.{index}"
        query, key, value = (
            _linear(weights, f"{block}.attention.{name}") for name in ("query", "key", "value")
        )
        if index == config.n_layers - 1:
            _add(packed, f"blocks.{index}.query", query)
            packed[f"blocks.{index}.keys"] = narrowed(panels(key[0].T))
            _add(packed, f"blocks.{index}.values", value)
        elif index == 0:
            packed |= _empty_tables(packed, *_side_by_side(query, key, value))
        else:
            _add(packed, f"blocks.{index}.query_key_value", query, key, value)
        for name, linear, norm in (
            ("attention_output", "attention.output", "attention_norm"),
            ("down", "feed_forward.down", "output_norm"),
        ):
            _add(packed, f"blocks.{index}.{name}", _linear(weights, f"{block}.{linear}"))
            packed[f"blocks.{index}.{name}.gamma"] = weights[f"{block}.{norm}.weight"]
            packed[f"blocks.{index}.{name}.beta"] = weights[f"{block}.{norm}.bias"]
        _add(packed, f"blocks.{index}.up", _linear(weights, f"{block}.feed_forward.up"))
    for name in ("pre_classifier", "projection"):
        _add(packed, name, _linear(weights, f"classifier.{name}"))
    return packed


def fill_tables(packed: Packed, weights: Weights) -> None:
    """Projects all words and positions to the first block's queries, keys and values.

    See ``ProjectedEmbedding`` in ``kernels/embedding.mojo``. Where the first block is the last one,
    there is nothing to fill.

    Args:
        packed: Of ``pack``, which is changed.
        weights: Those of ``FIRST_PROJECTION`` among what was packed.
    """
    if "blocks.0.words" not in packed:
        return
    weight = np.concatenate([weights[name] for name in FIRST_PROJECTION])
    for name in ("words", "positions"):
        embeddings, table = packed[f"embeddings.{name}"], packed[f"blocks.0.{name}"]
        for start in range(0, len(table), _TABLE_ROWS):
            rows = embeddings[start : start + _TABLE_ROWS].astype(np.float32)
            rows -= rows.mean(-1, keepdims=True)
            rows *= packed["embeddings.gamma"]
            np.matmul(rows, weight.T, out=table[start : start + _TABLE_ROWS])


def panels(weight: Floats) -> Floats:
    """Returns a matrix ``(columns, depth)`` as panels ``(ceil(columns / 64), depth, 64)``.

    Columns beyond the matrix's own are 0.
    """
    columns, depth = weight.shape
    count = -(-columns // PANEL)
    padded = np.zeros((count * PANEL, depth), np.float32)
    padded[:columns] = weight
    return np.ascontiguousarray(padded.reshape(count, PANEL, depth).transpose(0, 2, 1))


def narrowed(array: Floats) -> npt.NDArray[np.floating]:
    """Returns an array in float16 where that changes no number, half the bytes to read."""
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float16)
    return narrow if np.array_equal(narrow.astype(np.float32), array) else array


def _linear(weights: Weights, name: str) -> tuple[Floats, Floats]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _side_by_side(*linears: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    weight, bias = (np.concatenate(each) for each in zip(*linears, strict=True))
    return weight, bias


def _empty_tables(packed: Packed, weight: Floats, bias: Floats) -> Packed:
    tables: Packed = {
        f"blocks.0.{name}": np.zeros((len(packed[f"embeddings.{name}"]), len(weight)), np.float32)
        for name in ("words", "positions")
    }
    return {**tables, "blocks.0.bias": weight @ packed["embeddings.beta"] + bias}


def _add(packed: Packed, name: str, *linears: tuple[Floats, Floats]) -> None:
    weight, bias = _side_by_side(*linears)
    packed[f"{name}.panels"] = narrowed(panels(weight))
    packed[f"{name}.bias"] = np.pad(bias, (0, -len(bias) % PANEL))
