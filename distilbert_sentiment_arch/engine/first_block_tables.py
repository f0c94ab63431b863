"""Tables of the first block's queries, keys and values: of all words, positions and token types.

See ``ProjectedEmbedding`` in ``kernels/embedding.mojo``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.engine.panels import Floats, Packed, Weights

if TYPE_CHECKING:
    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

FIRST_PROJECTION = tuple(
    f"encoder.layers.0.attention.{name}.weight" for name in ("query", "key", "value")
)
"""Weights that ``fill_tables`` needs."""

MOST_BYTES = 2**30
"""Most memory for weights and tables together, in float32: half of what a pod of ``deploy/`` has.

The tables save one projection of a pass, a quarter of a block's products, and their size follows
the vocabulary. A width of 768 and 30,522 words make 286 MB of them and 50,265 words 468 MB, beside
up to 0.5 GB of weights; 250,002 words would make 2.3 GB.
"""

_TABLE_ROWS = 4096
"""Rows of a table that are computed at once: their intermediate results take memory."""

_TABLES = ("words", "positions", "types")


def has_tables(config: EncoderConfig) -> bool:
    """Returns whether the first block looks its queries, keys and values up.

    Not where it is the last one, which computes no keys and values; not where a norm of its own or
    a linear layer, of which no table can be made, comes before attention; not where attention is of
    another kind; not where a convolution reads the embeddings, too; and not where the tables and
    the weights would take more than ``MOST_BYTES``.
    """
    return (
        config.num_hidden_layers > 1
        and config.norm_placement == "post"
        and config.attention == "plain"
        and not config.embedding_size
        and not config.conv_kernel_size
        and _numbers(config) * np.dtype(np.float32).itemsize <= MOST_BYTES
    )


def _numbers(config: EncoderConfig) -> int:
    """Returns the numbers of the weights and of the tables, but for some vectors."""
    dim, inner = config.hidden_size, config.intermediate_size
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    block = 4 * dim * dim + 2 * dim * inner
    return rows * dim + config.num_hidden_layers * block + rows * 3 * dim


def empty_tables(
    packed: Packed,
    weight: Floats,
    bias: Floats,
    *,
    prefix: str = "blocks.layers.0.",
    dtype: npt.DTypeLike = np.float32,
) -> Packed:
    """Returns tables of zeros, which take no memory, and the projection's bias.

    Args:
        packed: Has the embeddings.
        weight: Queries, keys and values, side by side.
        bias: Their bias.
        prefix: Of their names.
        dtype: Of the tables.
    """
    tables: Packed = {
        f"{prefix}projected_{name}": np.zeros(
            (len(packed[f"embeddings.{name}"]), len(weight)), dtype
        )
        for name in _TABLES
        if f"embeddings.{name}" in packed
    }
    return {**tables, f"{prefix}projected_bias": weight @ packed["embeddings.beta"] + bias}


def fill_tables(packed: Packed, weights: Weights) -> None:
    """Projects all words, positions and token types to the first block's queries, keys and values.

    Without tables, nothing is done.

    Args:
        packed: The result of ``packed_weights.pack``, which is changed.
        weights: Those of ``FIRST_PROJECTION`` among what was packed.
    """
    tables = {
        name.rpartition("projected_")[2]: table
        for name, table in packed.items()
        if "projected_" in name and not name.endswith("bias")
    }
    if not tables:
        return
    weight = np.concatenate([weights[name] for name in FIRST_PROJECTION])
    for name, table in tables.items():
        embeddings = packed[f"embeddings.{name}"]
        for start in range(0, len(table), _TABLE_ROWS):
            rows = _centred(packed, embeddings[start : start + _TABLE_ROWS])
            table[start : start + _TABLE_ROWS] = rows @ weight.T


def largest_entry(packed: Packed, weight: Floats) -> float:
    """Returns a bound of the tables' entries, by the inequality of Cauchy and Schwarz.

    Args:
        packed: Has the embeddings.
        weight: Queries, keys and values, side by side.
    """
    longest = 0.0
    for name in _TABLES:
        embeddings = packed.get(f"embeddings.{name}", np.zeros((0, weight.shape[1])))
        for start in range(0, len(embeddings), _TABLE_ROWS):
            rows = _centred(packed, embeddings[start : start + _TABLE_ROWS])
            longest = max(longest, float(np.linalg.norm(rows, axis=1).max()))
    return longest * float(np.linalg.norm(weight, axis=1).max())


def _centred(packed: Packed, embeddings: npt.NDArray[np.number]) -> Floats:
    rows = embeddings.astype(np.float32)
    rows -= rows.mean(-1, keepdims=True)
    rows *= packed["embeddings.gamma"].astype(np.float32)
    return rows
