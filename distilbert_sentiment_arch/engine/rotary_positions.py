"""Cosines and sines that rotate queries and keys by their positions.

Su et al. 2021 (https://arxiv.org/abs/2104.09864), in the order of columns that Hugging Face uses:
column d is rotated with column d + head_dim / 2.
"""

from __future__ import annotations

import numpy as np

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.panels import Floats

NAMES = {False: "rotary.positions", True: "rotary.local_positions"}
"""Names of the tables in packed weights: of global blocks, of local ones."""


def rotary_table(config: EncoderConfig, *, local: bool) -> Floats:
    """Returns the cosines and, side by side with them, the sines of all positions.

    Frequencies and angles are rounded to float32, as they are where such models are trained: far
    into a long sequence, exact ones differ from them in the fourth decimal.

    Returns:
        Shape ``(max_position_embeddings, head_dim)``.
    """
    head_dim = config.hidden_size // config.num_attention_heads
    theta = config.local_rotary_theta if local else config.rotary_theta
    exponents = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)
    wavelengths = np.power(theta, exponents.astype(np.float64)).astype(np.float32)
    positions = np.arange(config.max_position_embeddings, dtype=np.float32)
    angles = (positions[:, None] * (1 / wavelengths)).astype(np.float64)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=-1).astype(np.float32)
