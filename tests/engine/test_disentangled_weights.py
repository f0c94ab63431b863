"""Position keys and queries in the layout that the kernels read, against NumPy in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_encoders import SMALL, random_weights

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.disentangled_weights import PositionWeights
from distilbert_sentiment_arch.engine.packed_weights import pack
from distilbert_sentiment_arch.engine.panels import Floats
from distilbert_sentiment_arch.engine.relative_positions import relative_rows
from scripts.oracle.encoder import Norm

MIDDLE = 64  # of two panels a head, for 40 places

CONFIG = replace(
    SMALL,
    attention="disentangled",
    max_position_embeddings=40,
    position_buckets=8,
    max_relative_positions=40,
    content_to_position=True,
    position_to_content=True,
    norm_rel_ebd=True,
)


def weights_of(config: EncoderConfig) -> dict[str, Floats]:
    generator = np.random.default_rng(5)
    weights = random_weights(config)
    dim = config.hidden_size

    def add(name: str, *shape: int) -> None:
        weights[name] = generator.normal(0, 1, shape).astype(np.float32)

    add("encoder.relative.embeddings.weight", config.relative_embeddings, dim)
    for part in ("weight", "bias"):
        add(f"encoder.relative.layer_norm.{part}", dim)
    for name in ("key", "query"):
        add(f"encoder.layers.0.attention.position_{name}.weight", dim, dim)
        add(f"encoder.layers.0.attention.position_{name}.bias", dim)
    return weights


def of_distances(config: EncoderConfig, name: str) -> np.ndarray:
    """Returns what a layer makes of the embedding of each distance, the shortest first."""
    weights = {key: each.astype(np.float64) for key, each in weights_of(config).items()}
    embeddings = weights["encoder.relative.embeddings.weight"]
    if config.norm_rel_ebd:
        norm = (weights[f"encoder.relative.layer_norm.{part}"] for part in ("weight", "bias"))
        embeddings = Norm(*norm, config.layer_norm_eps)(embeddings)
    layer = f"encoder.layers.0.attention.{name}"
    made = embeddings @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]
    found: np.ndarray = made[relative_rows(config)]
    return found


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("norm", [True, False])
def test_each_distance_has_a_column(share: bool, norm: bool) -> None:
    config = replace(CONFIG, share_att_key=share, norm_rel_ebd=norm)
    packed = PositionWeights(weights_of(config), config).of_block(0)
    prefix = "" if share else "position_"
    places = np.arange(-39, 40)
    for name, layer, distances in (("keys", "key", -places), ("queries", "query", places)):
        in_panels = packed[f"blocks.layers.0.positions.{name}"]
        assert in_panels.shape == (2 * 2, 10, 64)
        columns = in_panels.reshape(2, 2, 10, 64).transpose(1, 3, 0, 2).reshape(128, 20)
        expected = of_distances(config, prefix + layer)[40 + distances]
        np.testing.assert_allclose(columns[MIDDLE + places], expected, atol=1e-5)


def test_the_last_block_has_a_row_for_each_place_behind_the_first() -> None:
    packed = PositionWeights(weights_of(CONFIG), CONFIG).of_last_block(0)
    for name, layer in (("keys", "key"), ("queries", "query")):
        expected = of_distances(CONFIG, layer)[40 - np.arange(40)]
        np.testing.assert_allclose(packed[f"blocks.layers.0.positions.{name}"], expected, atol=1e-5)


def test_only_what_attention_multiplies_is_packed() -> None:
    config = replace(CONFIG, position_to_content=False)
    packed = pack(weights_of(config), config)
    found = {name for name in packed if ".positions." in name}
    assert found == {f"blocks.layers.{index}.positions.keys" for index in range(3)}


def test_without_a_table_of_positions_nothing_is_added_to_words() -> None:
    config = replace(CONFIG, has_position_table=False)
    weights = weights_of(config)
    del weights["embeddings.position_embeddings.weight"]
    assert not np.any(pack(weights, config).get("embeddings.positions", 0))
