"""ELECTRA's table of weight names, held against the graph and published names."""

from __future__ import annotations

from pathlib import Path

import pytest
from weight_tables import assert_graph_has_the_weights, converted, read

from scripts import checkpoints

# Names of ElectraForSequenceClassification.state_dict() with one layer, in transformers 5.12.
NAMES = """
electra.embeddings.word_embeddings.weight electra.embeddings.position_embeddings.weight
electra.embeddings.token_type_embeddings.weight
electra.embeddings.LayerNorm.weight electra.embeddings.LayerNorm.bias
electra.encoder.layer.0.attention.self.query.weight
electra.encoder.layer.0.attention.self.query.bias
electra.encoder.layer.0.attention.self.key.weight electra.encoder.layer.0.attention.self.key.bias
electra.encoder.layer.0.attention.self.value.weight
electra.encoder.layer.0.attention.self.value.bias
electra.encoder.layer.0.attention.output.dense.weight
electra.encoder.layer.0.attention.output.dense.bias
electra.encoder.layer.0.attention.output.LayerNorm.weight
electra.encoder.layer.0.attention.output.LayerNorm.bias
electra.encoder.layer.0.intermediate.dense.weight electra.encoder.layer.0.intermediate.dense.bias
electra.encoder.layer.0.output.dense.weight electra.encoder.layer.0.output.dense.bias
electra.encoder.layer.0.output.LayerNorm.weight electra.encoder.layer.0.output.LayerNorm.bias
electra.embeddings_project.weight electra.embeddings_project.bias
classifier.dense.weight classifier.dense.bias
classifier.out_proj.weight classifier.out_proj.bias
""".split()

# Of google/electra-*-discriminator and -generator, and of checkpoints that kept them.
DROPPED = """
electra.embeddings.position_ids
discriminator_predictions.dense.weight discriminator_predictions.dense.bias
discriminator_predictions.dense_prediction.weight discriminator_predictions.dense_prediction.bias
generator_predictions.LayerNorm.weight generator_predictions.LayerNorm.bias
generator_predictions.dense.weight generator_predictions.dense.bias
generator_lm_head.weight generator_lm_head.bias
""".split()


def test_names_are_those_of_hugging_face() -> None:
    config = read(checkpoints.ELECTRA, num_hidden_layers=1)
    assert set(config.family.tensor_specs(config.encoder)) == set(NAMES)


def test_embeddings_as_wide_as_hidden_states_have_no_projection() -> None:
    config = read(checkpoints.ELECTRA, num_hidden_layers=1, embedding_size=32)
    projection = {name for name in NAMES if "embeddings_project" in name}
    assert set(config.family.tensor_specs(config.encoder)) == set(NAMES) - projection


@pytest.mark.parametrize("width", [16, 32])
def test_graph_modules_have_the_names_of_the_table(width: int) -> None:
    assert_graph_has_the_weights(read(checkpoints.ELECTRA, embedding_size=width))


def test_heads_of_pre_training_are_dropped(tmp_path: Path) -> None:
    config = read(checkpoints.ELECTRA)
    tensors = checkpoints.random_tensors(checkpoints.random_config(checkpoints.ELECTRA))
    assert len(converted(tmp_path, config, tensors, DROPPED)) == len(tensors)
