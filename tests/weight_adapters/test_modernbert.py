"""The table of ModernBERT, held against the graph and published names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from weight_tables import assert_graph_has_the_weights, converted, read

from scripts import checkpoints

BIASES = {
    "attention_bias": True,
    "classifier_bias": True,
    "mlp_bias": True,
    "norm_bias": True,
}

# Names of ModernBertForSequenceClassification.state_dict() with two layers, transformers 5.12: of
# answerdotai/ModernBERT-base and of what is trained from it, layer 1 standing for the others.
NAMES = """
model.embeddings.tok_embeddings.weight model.embeddings.norm.weight
model.layers.0.attn.Wqkv.weight model.layers.0.attn.Wo.weight
model.layers.0.mlp_norm.weight model.layers.0.mlp.Wi.weight model.layers.0.mlp.Wo.weight
model.layers.1.attn_norm.weight model.layers.1.attn.Wqkv.weight model.layers.1.attn.Wo.weight
model.layers.1.mlp_norm.weight model.layers.1.mlp.Wi.weight model.layers.1.mlp.Wo.weight
model.final_norm.weight head.dense.weight head.norm.weight classifier.weight classifier.bias
""".split()

# What answerdotai/ModernBERT-base has beside them, for the masked words of pre-training.
DROPPED = ["decoder.weight", "decoder.bias"]


def names(**changes: Any) -> set[str]:
    config = read(checkpoints.MODERNBERT, num_hidden_layers=2, **changes)
    return set(config.family.tensor_specs(config.encoder))


def test_names_are_those_of_hugging_face() -> None:
    assert names() == set(NAMES)


def test_with_every_bias_there_is() -> None:
    modules = {name.rpartition(".")[0] for name in NAMES}
    biased = {f"{name}.bias" for name in modules if not name.endswith("tok_embeddings")}
    assert names(**BIASES) == {*NAMES, *biased}


@pytest.mark.parametrize("changes", [{}, BIASES], ids=["published", "biases"])
def test_graph_modules_have_the_names_of_the_table(changes: dict[str, Any]) -> None:
    assert_graph_has_the_weights(read(checkpoints.MODERNBERT, **changes))


def test_a_checkpoint_with_the_decoder_of_pre_training(tmp_path: Path) -> None:
    tensors = checkpoints.random_tensors(checkpoints.random_config(checkpoints.MODERNBERT))
    weights = converted(tmp_path, read(checkpoints.MODERNBERT), tensors, DROPPED)
    assert len(weights) == len(tensors)
    np.testing.assert_array_equal(
        weights["encoder.layers.3.feed_forward.up.weight"], tensors["model.layers.3.mlp.Wi.weight"]
    )
