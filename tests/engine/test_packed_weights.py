"""Packing of weights into the layout that the float32 kernels read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_encoders import SMALL, random_weights

from distilbert_sentiment_arch.checkpoint.encoder_config import NormPlacement
from distilbert_sentiment_arch.engine.packed_weights import pack
from distilbert_sentiment_arch.engine.panels import whole_panels


@pytest.mark.parametrize("placement", ["post", "pre"])
def test_vectors_applied_after_attention_are_one_array(placement: NormPlacement) -> None:
    config = replace(SMALL, norm_placement=placement)
    weights = random_weights(config)
    norms = {
        name: [weights[f"encoder.layers.1.{name}.{part}"] for part in ("weight", "bias")]
        for name in ("attention_norm", "output_norm")
    }
    output, up, down = (
        weights[f"encoder.layers.1.{name}.bias"]
        for name in ("attention.output", "feed_forward.up", "feed_forward.down")
    )
    expected = [output, *norms["output_norm"], up, down]
    if placement == "post":
        expected = [output, *norms["attention_norm"], up, down, *norms["output_norm"]]
    packed = pack(weights, config)
    np.testing.assert_array_equal(
        packed["blocks.layers.1.vectors"], np.concatenate([whole_panels(each) for each in expected])
    )


def test_a_missing_bias_is_packed_as_zeros() -> None:
    weights = random_weights(SMALL)
    biases = [name for name in weights if name.endswith(".bias")]
    zeroed = {**weights, **{name: np.zeros_like(weights[name]) for name in biases}}
    missing = {name: weights[name] for name in weights if name not in biases}
    found, expected = pack(missing, SMALL), pack(zeroed, SMALL)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_blocks_that_share_a_layer_have_the_same_arrays() -> None:
    config = replace(
        SMALL, num_hidden_layers=6, layer_groups=1, layers_per_group=2, embedding_size=20
    )
    weights = random_weights(replace(SMALL, num_hidden_layers=2))
    weights["embeddings.projection.weight"] = np.eye(20, dtype=np.float32)
    packed = pack(weights, config)
    behind = ("output_panels", "up_panels", "down_panels", "vectors")
    for block, layer in ((2, 0), (3, 1), (4, 0), (5, 1)):
        for name in behind:
            assert (
                packed[f"blocks.layers.{block}.{name}"] is packed[f"blocks.layers.{layer}.{name}"]
            )
    for block, layer in ((2, 0), (3, 1), (4, 0)):
        name = "query_key_value_panels"
        assert packed[f"blocks.layers.{block}.{name}"] is packed[f"blocks.layers.{layer}.{name}"]
    # The last block computes first tokens alone: its projections have another layout.
    assert packed["blocks.layers.5.keys_panels"].shape == (1, 20, 64)


def test_the_first_block_has_tables_in_place_of_a_projection() -> None:
    config = replace(SMALL, type_vocab_size=2)
    packed = pack(random_weights(config), config)
    assert "blocks.layers.0.query_key_value_panels" not in packed
    assert packed["blocks.layers.0.projected_words"].shape == (11, 60)
    assert packed["blocks.layers.0.projected_types"].shape == (2, 60)
