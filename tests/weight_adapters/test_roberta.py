"""The table of RoBERTa, XLM-RoBERTa and CamemBERT, held against the graph and published names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from weight_tables import assert_graph_has_the_weights, converted, read

from scripts import checkpoints

ARCHITECTURES = [checkpoints.ROBERTA, checkpoints.XLM_ROBERTA, checkpoints.CAMEMBERT]

# Names of RobertaForSequenceClassification.state_dict() with one layer, in transformers 5.12.
NAMES = """
roberta.embeddings.word_embeddings.weight roberta.embeddings.position_embeddings.weight
roberta.embeddings.token_type_embeddings.weight
roberta.embeddings.LayerNorm.weight roberta.embeddings.LayerNorm.bias
roberta.encoder.layer.0.attention.self.query.weight
roberta.encoder.layer.0.attention.self.query.bias
roberta.encoder.layer.0.attention.self.key.weight roberta.encoder.layer.0.attention.self.key.bias
roberta.encoder.layer.0.attention.self.value.weight
roberta.encoder.layer.0.attention.self.value.bias
roberta.encoder.layer.0.attention.output.dense.weight
roberta.encoder.layer.0.attention.output.dense.bias
roberta.encoder.layer.0.attention.output.LayerNorm.weight
roberta.encoder.layer.0.attention.output.LayerNorm.bias
roberta.encoder.layer.0.intermediate.dense.weight roberta.encoder.layer.0.intermediate.dense.bias
roberta.encoder.layer.0.output.dense.weight roberta.encoder.layer.0.output.dense.bias
roberta.encoder.layer.0.output.LayerNorm.weight roberta.encoder.layer.0.output.LayerNorm.bias
classifier.dense.weight classifier.dense.bias
classifier.out_proj.weight classifier.out_proj.bias
""".split()

# What published checkpoints have beside them: cardiffnlp/twitter-roberta-base-sentiment-latest the
# first three, fine-tuned checkpoints that were saved with the head of pre-training the others.
DROPPED = """
roberta.embeddings.position_ids roberta.pooler.dense.weight roberta.pooler.dense.bias
lm_head.bias lm_head.dense.weight lm_head.dense.bias lm_head.layer_norm.weight
lm_head.layer_norm.bias lm_head.decoder.weight lm_head.decoder.bias
""".split()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_names_are_those_of_hugging_face(architecture: str) -> None:
    config = read(architecture, num_hidden_layers=1)
    assert set(config.family.tensor_specs(config.encoder)) == set(NAMES)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_graph_modules_have_the_names_of_the_table(architecture: str) -> None:
    assert_graph_has_the_weights(read(architecture))


def test_positions_begin_behind_that_of_the_padding_token(tmp_path: Path) -> None:
    changes = {"max_position_embeddings": 514, "pad_token_id": 1}
    config = read(checkpoints.ROBERTA, **changes)
    assert config.encoder.max_position_embeddings == 512
    tensors = checkpoints.random_tensors(checkpoints.random_config(checkpoints.ROBERTA, **changes))
    weights = converted(tmp_path, config, tensors, DROPPED)
    table = tensors["roberta.embeddings.position_embeddings.weight"]
    assert table.shape == (514, 32)
    np.testing.assert_array_equal(weights["embeddings.position_embeddings.weight"], table[2:])
    assert len(weights) == len(tensors)
