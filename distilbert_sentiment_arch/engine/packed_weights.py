"""Graph weights in the layout that the kernels read, made once at load.

Matrices become panels of 64 columns. The small vectors behind attention become one vector a block.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

PANEL = 64
"""Columns of a panel; ``kernels/tile.mojo`` has the same number."""

FIRST_PROJECTION = tuple(
    f"encoder.layers.0.attention.{name}.weight" for name in ("query", "key", "value")
)
"""Weights that ``fill_tables`` needs."""

MOST_TABLE_BYTES = 2**31
"""Most memory for the first block's tables, which save its projection: 281 MB for a vocabulary of
30,522 and a width of 768, but 2.3 GB for the 250,002 of XLM-RoBERTa."""

_TABLE_ROWS = 4096
"""Rows of a table that are computed at once: their intermediate results take memory."""

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]
Packed = dict[str, npt.NDArray[np.floating]]


def pack(weights: Weights, config: EncoderConfig) -> Packed:
    """Returns the weights of ``PackedEncoderForSequenceClassification``.

    Queries, keys and values are one matrix, with two exceptions. Where ``has_tables``, the first
    block has tables in its place, which are 0 here and take no memory before ``fill_tables`` fills
    them. In the last block, which computes the first tokens alone, they are three: that of the keys
    is transposed and has no bias, see ``kernels/single_query.mojo``.

    Args:
        weights: Those of ``EncoderForSequenceClassification``, float32. A missing bias is 0.
        config: The encoder's configuration.
    """
    words = weights["embeddings.word_embeddings.weight"]
    positions = weights["embeddings.position_embeddings.weight"]
    packed: Packed = {"embeddings.words": narrowed(words)}
    if config.has_token_types:
        packed["embeddings.types"] = weights["embeddings.token_type_embeddings.weight"]
    elif config.type_vocab_size:  # every token has the only type there is
        positions = positions + weights["embeddings.token_type_embeddings.weight"]
    packed["embeddings.positions"] = positions
    _add_norm(packed, "embeddings", weights, "embeddings.layer_norm")
    last = config.num_hidden_layers - 1
    for index in range(config.num_hidden_layers):
        name, block = f"blocks.{index}", f"encoder.layers.{index}"
        query, key, value = (
            _layer(weights, f"{block}.attention.{part}") for part in ("query", "key", "value")
        )
        if config.norm_placement == "pre":
            _add_norm(packed, f"{name}.attention_norm", weights, f"{block}.attention_norm")
        if index == last:
            _add_linear(packed, f"{name}.query_", *query)
            packed[f"{name}.keys_panels"] = narrowed(panels(key[0].T))
            _add_linear(packed, f"{name}.values_", *value)
        elif index == 0 and has_tables(config):
            packed |= _empty_tables(packed, *_side_by_side(query, key, value))
        else:
            _add_linear(packed, f"{name}.query_key_value_", *_side_by_side(query, key, value))
        for linear in ("attention.output", "feed_forward.up", "feed_forward.down"):
            matrix = weights[f"{block}.{linear}.weight"]
            packed[f"{name}.{linear.rpartition('.')[2]}_panels"] = narrowed(panels(matrix))
        packed[f"{name}.vectors"] = _vectors(weights, block, config)
    if config.norm_placement == "pre":
        _add_norm(packed, "final_norm", weights, "encoder.final_norm")
    for linear in ("dense", "projection"):
        _add_linear(packed, f"classifier.{linear}.", *_layer(weights, f"classifier.{linear}"))
    return packed


def has_tables(config: EncoderConfig) -> bool:
    """Returns whether the first block looks its queries, keys and values up.

    Not where it is the last one, which computes no keys and values; not where a norm of its own, of
    which no table can be made, comes before attention; and not where the tables would take more
    than ``MOST_TABLE_BYTES``.
    """
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    return (
        config.num_hidden_layers > 1
        and config.norm_placement == "post"
        and rows * 3 * config.hidden_size * np.dtype(np.float32).itemsize <= MOST_TABLE_BYTES
    )


def fill_tables(packed: Packed, weights: Weights) -> None:
    """Projects all words, positions and token types to the first block's queries, keys and values.

    See ``ProjectedEmbedding`` in ``kernels/embedding.mojo``. Without tables, nothing is done.

    Args:
        packed: The result of ``pack``, which is changed.
        weights: Those of ``FIRST_PROJECTION`` among what was packed.
    """
    tables = [name for name in _TABLES if f"blocks.0.projected_{name}" in packed]
    if not tables:
        return
    weight = np.concatenate([weights[name] for name in FIRST_PROJECTION])
    for name in tables:
        embeddings, table = packed[f"embeddings.{name}"], packed[f"blocks.0.projected_{name}"]
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


def whole_panels(vector: Floats) -> Floats:
    """Returns a vector padded with zeros to a multiple of 64 numbers."""
    return np.pad(vector, (0, -len(vector) % PANEL))


def narrowed(array: Floats) -> npt.NDArray[np.floating]:
    """Returns an array in float16 where that changes no number: half the bytes are to be read."""
    with np.errstate(over="ignore"):
        narrow = array.astype(np.float16)
    return narrow if np.array_equal(narrow.astype(np.float32), array) else array


_TABLES = ("words", "positions", "types")


def _vectors(weights: Weights, block: str, config: EncoderConfig) -> Floats:
    """Returns the biases, gammas and betas behind attention, in ``kernels/tail.mojo``'s order."""
    output, up, down = (
        _layer(weights, f"{block}.{name}")[1]
        for name in ("attention.output", "feed_forward.up", "feed_forward.down")
    )
    output_norm = _layer(weights, f"{block}.output_norm")
    if config.norm_placement == "pre":  # attention's norm comes before it
        vectors = [output, *output_norm, up, down]
    else:
        vectors = [output, *_layer(weights, f"{block}.attention_norm"), up, down, *output_norm]
    return np.concatenate([whole_panels(vector) for vector in vectors])


def _layer(weights: Weights, name: str) -> tuple[Floats, Floats]:
    """Returns the weight and the bias of a linear layer, or the gamma and the beta of a norm."""
    weight, bias = weights[f"{name}.weight"], weights.get(f"{name}.bias")
    return weight, np.zeros(len(weight), np.float32) if bias is None else bias


def _side_by_side(*linears: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    weight, bias = (np.concatenate(each) for each in zip(*linears, strict=True))
    return weight, bias


def _empty_tables(packed: Packed, weight: Floats, bias: Floats) -> Packed:
    tables: Packed = {
        f"blocks.0.projected_{name}": np.zeros(
            (len(packed[f"embeddings.{name}"]), len(weight)), np.float32
        )
        for name in _TABLES
        if f"embeddings.{name}" in packed
    }
    return {**tables, "blocks.0.projected_bias": weight @ packed["embeddings.beta"] + bias}


def _add_linear(packed: Packed, prefix: str, weight: Floats, bias: Floats) -> None:
    packed[f"{prefix}panels"] = narrowed(panels(weight))
    packed[f"{prefix}bias"] = whole_panels(bias)


def _add_norm(packed: Packed, name: str, weights: Weights, norm: str) -> None:
    packed[f"{name}.gamma"], packed[f"{name}.beta"] = _layer(weights, norm)
