"""ALBERT's table of weight names, held against the graph and published names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from weight_tables import assert_graph_has_the_weights, converted, read

from scripts import checkpoints

# Names of AlbertForSequenceClassification.state_dict() in transformers 5.12; albert-base-v2 has one
# group of one layer, as all that were published.
LAYER = "albert.encoder.albert_layer_groups.0.albert_layers.0"
NAMES = """
albert.embeddings.word_embeddings.weight albert.embeddings.position_embeddings.weight
albert.embeddings.token_type_embeddings.weight
albert.embeddings.LayerNorm.weight albert.embeddings.LayerNorm.bias
albert.encoder.embedding_hidden_mapping_in.weight albert.encoder.embedding_hidden_mapping_in.bias
albert.pooler.weight albert.pooler.bias classifier.weight classifier.bias
""".split()
OF_A_LAYER = """
full_layer_layer_norm.weight full_layer_layer_norm.bias
attention.query.weight attention.query.bias attention.key.weight attention.key.bias
attention.value.weight attention.value.bias attention.dense.weight attention.dense.bias
attention.LayerNorm.weight attention.LayerNorm.bias
ffn.weight ffn.bias ffn_output.weight ffn_output.bias
""".split()

# Of albert-base-v2, and of checkpoints that kept them.
DROPPED = """
albert.embeddings.position_ids predictions.bias predictions.LayerNorm.weight
predictions.LayerNorm.bias predictions.dense.weight predictions.dense.bias
predictions.decoder.weight predictions.decoder.bias
sop_classifier.classifier.weight sop_classifier.classifier.bias
""".split()

GROUPS = {"inner_group_num": 2, "num_hidden_groups": 2, "num_hidden_layers": 4}


def test_names_are_those_of_hugging_face() -> None:
    config = read(checkpoints.ALBERT)
    expected = {*NAMES, *(f"{LAYER}.{name}" for name in OF_A_LAYER)}
    assert set(config.family.tensor_specs(config.encoder)) == expected


@pytest.mark.parametrize("changes", [{}, GROUPS], ids=["one layer", "groups"])
def test_graph_modules_have_the_names_of_the_table(changes: dict[str, int]) -> None:
    assert_graph_has_the_weights(read(checkpoints.ALBERT, **changes))


def test_layers_of_all_groups_are_numbered_through(tmp_path: Path) -> None:
    config = read(checkpoints.ALBERT, **GROUPS)
    assert config.encoder.num_hidden_layers == 8
    tensors = checkpoints.random_tensors(checkpoints.random_config(checkpoints.ALBERT, **GROUPS))
    weights = converted(tmp_path, config, tensors, DROPPED)
    assert len(weights) == len(tensors)
    for group, layer, number in ((0, 0, 0), (0, 1, 1), (1, 0, 2), (1, 1, 3)):
        np.testing.assert_array_equal(
            weights[f"encoder.layers.{number}.feed_forward.up.weight"],
            tensors[f"albert.encoder.albert_layer_groups.{group}.albert_layers.{layer}.ffn.weight"],
        )
