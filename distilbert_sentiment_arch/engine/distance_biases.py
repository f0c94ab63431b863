"""Biases of attention scores by the distance of two tokens, as T5 and MPNet have them.

Sources: Raffel et al. 2019 (https://arxiv.org/abs/1910.10683), section 2.1; Song et al. 2020
(https://arxiv.org/abs/2004.09297).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.encoder_config import DISTANCE_BUCKETS, EncoderConfig

LONGEST = 128
"""From this distance on, all distances of a direction share one row."""

BIAS_WEIGHT = "encoder.distance_biases.weight"
"""Name of the table in the graph, ``(32, heads)``."""


def buckets(reach: int) -> npt.NDArray[np.int64]:
    """Returns the row of each distance of a key from a query, ``(2 * reach - 1,)``.

    The first is of a key ``reach - 1`` tokens before the query. In float32, as PyTorch computes it:
    the truncation depends on it.
    """
    distances = np.arange(-(reach - 1), reach)
    of_a_direction = DISTANCE_BUCKETS // 2
    exact = of_a_direction // 2
    sizes = np.abs(distances)
    far = np.log(np.maximum(sizes, 1).astype(np.float32) / np.float32(exact))
    far = far / np.float32(math.log(LONGEST / exact)) * np.float32(of_a_direction - exact)
    large = np.minimum(exact + far.astype(np.int64), of_a_direction - 1)
    found = np.where(sizes < exact, sizes, large)
    return found + np.where(distances > 0, of_a_direction, 0)


def packed_biases(
    weights: Mapping[str, npt.NDArray[np.float32]], config: EncoderConfig
) -> npt.NDArray[np.float32]:
    """Returns the bias of each head and distance, ``(heads, 2 * positions - 1)``.

    Softmax scales products of queries and keys by ``1 / sqrt(head_dim)`` and would scale these, so
    that is divided out.
    """
    table = weights[BIAS_WEIGHT][buckets(config.max_position_embeddings)]  # (distances, heads)
    root = np.sqrt(np.float32(config.hidden_size // config.num_attention_heads))
    return np.ascontiguousarray((table * root).T, np.float32)
