"""Position keys and queries of disentangled attention, in the layout that the kernels read.

They are made of embeddings alone, whatever the tokens, so they are computed once, when a model is
loaded. See ``kernels/disentangled.mojo``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from distilbert_sentiment_arch.engine.aligned_memory import aligned
from distilbert_sentiment_arch.engine.panels import PANEL, Floats, Packed, Weights, layer
from distilbert_sentiment_arch.engine.relative_positions import relative_rows

if TYPE_CHECKING:
    from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

_STEP = 32
"""Half a panel: as many distances lie before the middle as behind it, and panels are whole."""


class PositionWeights:
    """What is packed of the embeddings of distances.

    Args:
        weights: Those of the graph, float32.
        config: The encoder's configuration.
    """

    def __init__(self, weights: Weights, config: EncoderConfig) -> None:
        self._weights = weights
        self._config = config
        self._rows = relative_rows(config)
        embeddings = weights["encoder.relative.embeddings.weight"]
        if config.norm_rel_ebd:
            gamma, beta = layer(weights, "encoder.relative.layer_norm")
            embeddings = _normalised(embeddings, config.layer_norm_eps) * gamma + beta
        self._embeddings = embeddings

    def of_block(self, index: int) -> Packed:
        """Returns position keys and queries for all distances, for each head as panels.

        Column ``middle + s`` of a head's is of a key that stands ``s`` behind its query, or of a
        query that stands ``s`` behind its key.
        """
        heads, positions = self._config.num_attention_heads, self._config.max_position_embeddings
        middle = -(-positions // _STEP) * _STEP
        steps = np.arange(-middle, middle).clip(-positions, positions)
        packed = {}
        for name, sign, projected in self._projected(index):
            rows = projected[positions + sign * steps].reshape(
                2 * middle // PANEL, PANEL, heads, -1
            )
            of_heads = aligned(rows.transpose(2, 0, 3, 1))  # (heads, panels, head_dim, PANEL)
            packed[f"blocks.layers.{index}.positions.{name}"] = of_heads.reshape(
                -1, *of_heads.shape[2:]
            )
        return packed

    def of_last_block(self, index: int) -> Packed:
        """Returns position keys and queries of the first token and the one at each place."""
        positions = self._config.max_position_embeddings
        steps = np.arange(positions)
        return {
            f"blocks.layers.{index}.positions.{name}": projected[positions - steps]
            for name, _, projected in self._projected(index)
        }

    def _projected(self, index: int) -> list[tuple[str, int, Floats]]:
        """Returns name, sign of a query's distance behind its key, and rows by that distance."""
        config, block = self._config, f"encoder.layers.{index}.attention"
        prefix = block + ("." if config.share_att_key else ".position_")
        found = []
        for name, part, sign, exists in (
            ("keys", "key", -1, config.content_to_position),
            ("queries", "query", 1, config.position_to_content),
        ):
            if exists:
                weight, bias = layer(self._weights, f"{prefix}{part}")
                found.append((name, sign, (self._embeddings @ weight.T + bias)[self._rows]))
        return found


def _normalised(rows: Floats, epsilon: float) -> Floats:
    centred = rows - rows.mean(-1, keepdims=True)
    variance = np.square(centred).mean(-1, keepdims=True)
    result: Floats = centred / np.sqrt(variance + np.float32(epsilon))
    return result
