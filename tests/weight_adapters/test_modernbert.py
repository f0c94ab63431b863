"""ModernBERT's table of weight names, compared with the graph and with Hugging Face's names."""

from __future__ import annotations

from typing import Any

import pytest
from max.dtype import DType
from max.graph import DeviceRef

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification
from distilbert_sentiment_arch.families.modernbert.config import read_encoder
from scripts import checkpoints
from weight_adapters.modernbert import tensor_specs

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


def config(**changes: Any) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.MODERNBERT, num_hidden_layers=2, **changes)
    return read_encoder(ConfigJson(content, "config.json"), 2)


def test_names_are_those_of_hugging_face() -> None:
    assert set(tensor_specs(config())) == set(NAMES)


def test_with_every_bias_there_is() -> None:
    modules = {name.rpartition(".")[0] for name in NAMES}
    biased = {f"{name}.bias" for name in modules if not name.endswith("tok_embeddings")}
    assert set(tensor_specs(config(**BIASES))) == {*NAMES, *biased}


@pytest.mark.parametrize("changes", [{}, BIASES], ids=["published", "biases"])
def test_graph_modules_have_the_names_of_the_table(changes: dict[str, Any]) -> None:
    module = EncoderForSequenceClassification(config(**changes), DType.float32, DeviceRef.CPU())
    assert {
        spec.graph_name: list(spec.shape) for spec in tensor_specs(config(**changes)).values()
    } == {
        name: [int(axis) for axis in weight.shape]
        for name, weight in module.raw_state_dict().items()
    }
