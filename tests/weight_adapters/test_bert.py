"""BERT's table of weight names, compared with the graph and with Hugging Face's names."""

from __future__ import annotations

from pathlib import Path

from weight_tables import assert_graph_has_the_weights, converted, read

from scripts import checkpoints

# Names of BertForSequenceClassification.state_dict() with one layer, in transformers 4.57.
NAMES = """
bert.embeddings.word_embeddings.weight bert.embeddings.position_embeddings.weight
bert.embeddings.token_type_embeddings.weight
bert.embeddings.LayerNorm.weight bert.embeddings.LayerNorm.bias
bert.encoder.layer.0.attention.self.query.weight bert.encoder.layer.0.attention.self.query.bias
bert.encoder.layer.0.attention.self.key.weight bert.encoder.layer.0.attention.self.key.bias
bert.encoder.layer.0.attention.self.value.weight bert.encoder.layer.0.attention.self.value.bias
bert.encoder.layer.0.attention.output.dense.weight bert.encoder.layer.0.attention.output.dense.bias
bert.encoder.layer.0.attention.output.LayerNorm.weight
bert.encoder.layer.0.attention.output.LayerNorm.bias
bert.encoder.layer.0.intermediate.dense.weight bert.encoder.layer.0.intermediate.dense.bias
bert.encoder.layer.0.output.dense.weight bert.encoder.layer.0.output.dense.bias
bert.encoder.layer.0.output.LayerNorm.weight bert.encoder.layer.0.output.LayerNorm.bias
bert.pooler.dense.weight bert.pooler.dense.bias classifier.weight classifier.bias
""".split()

# What checkpoints that were saved with the heads of pre-training have beside them.
DROPPED = """
bert.embeddings.position_ids cls.predictions.bias cls.predictions.transform.dense.weight
cls.predictions.transform.dense.bias cls.predictions.transform.LayerNorm.gamma
cls.predictions.transform.LayerNorm.beta cls.predictions.decoder.weight cls.predictions.decoder.bias
cls.seq_relationship.weight cls.seq_relationship.bias
""".split()


def test_names_are_those_of_hugging_face() -> None:
    config = read(checkpoints.BERT, num_hidden_layers=1)
    assert set(config.family.tensor_specs(config.encoder)) == set(NAMES)


def test_graph_modules_have_the_names_of_the_table() -> None:
    assert_graph_has_the_weights(read(checkpoints.BERT))


def test_heads_of_pre_training_are_dropped(tmp_path: Path) -> None:
    config = read(checkpoints.BERT)
    tensors = checkpoints.random_tensors(checkpoints.random_config(checkpoints.BERT))
    assert len(converted(tmp_path, config, tensors, DROPPED)) == len(tensors)
