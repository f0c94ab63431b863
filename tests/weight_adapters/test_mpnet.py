"""MPNet's table of weight names, compared with the graph and with Hugging Face's names."""

from __future__ import annotations

from max.dtype import DType
from max.graph import DeviceRef

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import canonical_name, without_dropped
from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification
from weight_adapters.mpnet import DROPPED, tensor_specs

CONFIG = EncoderConfig(
    architecture="MPNetForSequenceClassification",
    hidden_size=32,
    intermediate_size=64,
    num_attention_heads=4,
    num_hidden_layers=1,
    vocab_size=99,
    max_position_embeddings=38,
    attention="biased",
    head_activation="tanh",
    num_labels=2,
)

# Names of MPNetForSequenceClassification.state_dict() with one layer, in transformers 4.57, and
# what microsoft/mpnet-base has besides.
NAMES = """
mpnet.embeddings.word_embeddings.weight mpnet.embeddings.position_embeddings.weight
mpnet.embeddings.LayerNorm.weight mpnet.embeddings.LayerNorm.bias
mpnet.encoder.layer.0.attention.attn.q.weight mpnet.encoder.layer.0.attention.attn.q.bias
mpnet.encoder.layer.0.attention.attn.k.weight mpnet.encoder.layer.0.attention.attn.k.bias
mpnet.encoder.layer.0.attention.attn.v.weight mpnet.encoder.layer.0.attention.attn.v.bias
mpnet.encoder.layer.0.attention.attn.o.weight mpnet.encoder.layer.0.attention.attn.o.bias
mpnet.encoder.layer.0.attention.LayerNorm.weight mpnet.encoder.layer.0.attention.LayerNorm.bias
mpnet.encoder.layer.0.intermediate.dense.weight mpnet.encoder.layer.0.intermediate.dense.bias
mpnet.encoder.layer.0.output.dense.weight mpnet.encoder.layer.0.output.dense.bias
mpnet.encoder.layer.0.output.LayerNorm.weight mpnet.encoder.layer.0.output.LayerNorm.bias
mpnet.encoder.relative_attention_bias.weight
classifier.dense.weight classifier.dense.bias classifier.out_proj.weight classifier.out_proj.bias
""".split()
OTHERS = """
mpnet.embeddings.position_ids mpnet.pooler.dense.weight mpnet.pooler.dense.bias lm_head.bias
lm_head.dense.weight lm_head.dense.bias lm_head.layer_norm.weight lm_head.layer_norm.bias
lm_head.decoder.weight lm_head.decoder.bias
""".split()


def test_names_are_those_of_hugging_face() -> None:
    assert set(tensor_specs(CONFIG)) == set(NAMES)


def test_other_published_tensors_are_dropped() -> None:
    left = without_dropped(dict.fromkeys(NAMES + OTHERS), DROPPED, tensor_specs(CONFIG))
    assert {name for name in left if canonical_name(name)} == set(NAMES)


def test_graph_modules_have_the_names_of_the_table() -> None:
    module = EncoderForSequenceClassification(CONFIG, DType.float32, DeviceRef.CPU())
    assert {spec.graph_name: list(spec.graph_shape) for spec in tensor_specs(CONFIG).values()} == {
        name: [int(axis) for axis in weight.shape]
        for name, weight in module.raw_state_dict().items()
    }
