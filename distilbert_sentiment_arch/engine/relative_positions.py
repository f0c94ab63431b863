"""Distances between tokens as rows of the embedding of distances (He et al. 2020).

The paper is https://arxiv.org/abs/2006.03654. Buckets of distances are those of version 2, which no
paper defines: Hugging Face's ``make_log_bucket_position`` does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

Rows = npt.NDArray[np.int64]


def relative_rows(config: EncoderConfig) -> Rows:
    """Returns the row for each distance of a query from a key.

    Shape ``(2 * max_position_embeddings + 1,)``: the first is for a query that stands
    ``max_position_embeddings`` before the key, the one in the middle for the key's own place. No
    sequence is long enough for the first and the last one.
    """
    farthest = config.max_position_embeddings - 1
    distances = np.arange(-farthest, farthest + 1)
    if config.position_buckets:
        distances = _buckets(distances, config.position_buckets, config.max_relative_positions)
    rows = config.relative_embeddings
    return np.pad(np.clip(distances + rows // 2, 0, rows - 1), 1, "edge")


def _buckets(distances: Rows, buckets: int, farthest: int) -> Rows:
    """Returns a distance's bucket: the distance itself up to half their number, then logarithmic.

    In float32, as checkpoints were trained: where a bucket begins depends on rounding.
    """
    middle = buckets // 2
    size = np.abs(distances)
    far = size > middle
    found = distances.copy()
    if not far.any():
        return found
    whole = np.log(np.float32((farthest - 1) / middle))
    logarithms = np.log(size[far].astype(np.float32) / np.float32(middle))
    steps = np.ceil(logarithms / whole * np.float32(middle - 1))
    found[far] = np.sign(distances[far]) * (steps.astype(np.int64) + middle)
    return found
