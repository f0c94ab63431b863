"""DeBERTa's table of weight names, compared with the graph and with Hugging Face's names."""

from __future__ import annotations

from typing import Any

import pytest
from max.dtype import DType
from max.graph import DeviceRef

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification
from distilbert_sentiment_arch.families.deberta_v2.config import read_encoder
from scripts import checkpoints
from weight_adapters.deberta_v2 import tensor_specs

# Names of DebertaV2ForSequenceClassification.state_dict() with one layer, in transformers 5.23: of
# version 3, and what its options add or take away.
VERSION_3 = """
deberta.embeddings.word_embeddings.weight
deberta.embeddings.LayerNorm.weight deberta.embeddings.LayerNorm.bias
deberta.encoder.layer.0.attention.self.query_proj.weight
deberta.encoder.layer.0.attention.self.query_proj.bias
deberta.encoder.layer.0.attention.self.key_proj.weight
deberta.encoder.layer.0.attention.self.key_proj.bias
deberta.encoder.layer.0.attention.self.value_proj.weight
deberta.encoder.layer.0.attention.self.value_proj.bias
deberta.encoder.layer.0.attention.output.dense.weight
deberta.encoder.layer.0.attention.output.dense.bias
deberta.encoder.layer.0.attention.output.LayerNorm.weight
deberta.encoder.layer.0.attention.output.LayerNorm.bias
deberta.encoder.layer.0.intermediate.dense.weight deberta.encoder.layer.0.intermediate.dense.bias
deberta.encoder.layer.0.output.dense.weight deberta.encoder.layer.0.output.dense.bias
deberta.encoder.layer.0.output.LayerNorm.weight deberta.encoder.layer.0.output.LayerNorm.bias
deberta.encoder.rel_embeddings.weight
deberta.encoder.LayerNorm.weight deberta.encoder.LayerNorm.bias
pooler.dense.weight pooler.dense.bias classifier.weight classifier.bias
""".split()
TABLES = """
deberta.embeddings.position_embeddings.weight deberta.embeddings.token_type_embeddings.weight
""".split()
POSITION_KEY = """
deberta.encoder.layer.0.attention.self.pos_key_proj.weight
deberta.encoder.layer.0.attention.self.pos_key_proj.bias
""".split()
POSITION_QUERY = """
deberta.encoder.layer.0.attention.self.pos_query_proj.weight
deberta.encoder.layer.0.attention.self.pos_query_proj.bias
""".split()
NORM = ["deberta.encoder.LayerNorm.weight", "deberta.encoder.LayerNorm.bias"]
RELATIVE = ["deberta.encoder.rel_embeddings.weight", *NORM]

CASES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    # changes to version 3, names more, names less
    ({}, [], []),
    ({"position_biased_input": True, "type_vocab_size": 2}, TABLES, []),
    ({"share_att_key": False, "norm_rel_ebd": "none"}, POSITION_KEY + POSITION_QUERY, NORM),
    ({"share_att_key": False, "pos_att_type": "c2p"}, POSITION_KEY, []),
    ({"share_att_key": False, "pos_att_type": "p2c"}, POSITION_QUERY, []),
    ({"relative_attention": False, "pos_att_type": None, "norm_rel_ebd": "none"}, [], RELATIVE),
]


def config_of(changes: dict[str, Any]) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.DEBERTA_V2, **changes)
    return read_encoder(ConfigJson(content, "config.json"), 2)


@pytest.mark.parametrize(("changes", "more", "less"), CASES)
def test_names_are_those_of_hugging_face(
    changes: dict[str, Any], more: list[str], less: list[str]
) -> None:
    names = {name for name in tensor_specs(config_of(changes)) if ".layer.1." not in name}
    assert names == {*VERSION_3, *more} - {*less}


@pytest.mark.parametrize("changes", [changes for changes, _, _ in CASES])
def test_graph_modules_have_the_names_of_the_table(changes: dict[str, Any]) -> None:
    config = config_of(changes)
    module = EncoderForSequenceClassification(config, DType.float32, DeviceRef.CPU())
    assert {spec.graph_name: list(spec.shape) for spec in tensor_specs(config).values()} == {
        name: [int(axis) for axis in weight.shape]
        for name, weight in module.raw_state_dict().items()
    }
