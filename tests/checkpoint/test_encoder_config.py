"""The neutral configuration of an encoder."""

from __future__ import annotations

from dataclasses import replace

import pytest
from random_encoders import SMALL


def test_blocks_have_layers_of_their_own() -> None:
    assert [SMALL.layer_of(block) for block in range(3)] == [0, 1, 2]
    assert SMALL.num_distinct_layers == 3


@pytest.mark.parametrize(
    ("groups", "layers", "blocks", "order"),
    [
        (1, 1, 4, [0, 0, 0, 0]),
        (1, 2, 4, [0, 1, 0, 1]),
        (2, 1, 4, [0, 0, 1, 1]),
        (2, 1, 3, [0, 0, 1]),
        (2, 2, 6, [0, 1, 0, 1, 2, 3]),
        (3, 1, 3, [0, 1, 2]),
    ],
)
def test_groups_are_shared_out_among_the_blocks(
    groups: int, layers: int, blocks: int, order: list[int]
) -> None:
    config = replace(SMALL, layer_groups=groups, layers_per_group=layers, num_hidden_layers=blocks)
    assert [config.layer_of(block) for block in range(blocks)] == order
    assert config.num_distinct_layers == groups * layers


def test_embeddings_are_as_wide_as_hidden_states_unless_a_layer_follows_them() -> None:
    assert SMALL.embedding_width == SMALL.hidden_size
    assert replace(SMALL, embedding_size=8).embedding_width == 8
