"""BERT's table of weight names, compared with the graph and with Hugging Face's names."""

from __future__ import annotations

from max.dtype import DType
from max.graph import DeviceRef

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification
from distilbert_sentiment_arch.families.bert.config import read_encoder
from scripts import checkpoints
from weight_adapters.bert import tensor_specs

CONFIG = read_encoder(ConfigJson(checkpoints.random_config(checkpoints.BERT), "config.json"), 2)

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


def test_names_are_those_of_hugging_face() -> None:
    names = {name for name in tensor_specs(CONFIG) if ".layer.1." not in name}
    assert names == set(NAMES)


def test_graph_modules_have_the_names_of_the_table() -> None:
    module = EncoderForSequenceClassification(CONFIG, DType.float32, DeviceRef.CPU())
    assert {spec.graph_name: list(spec.shape) for spec in tensor_specs(CONFIG).values()} == {
        name: [int(axis) for axis in weight.shape]
        for name, weight in module.raw_state_dict().items()
    }
