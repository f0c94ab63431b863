"""``config.json`` of ALBERT sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/albert#transformers.AlbertConfig
"""

from __future__ import annotations

from dataclasses import replace

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, Types
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.standard_keys import read_standard_keys
from distilbert_sentiment_arch.settings.precision import WITHOUT_CODES
from weight_adapters.albert import DROPPED, tensor_specs

_TYPES: Types = {"classifier_dropout_prob": (float, int)}

_MOST_BLOCKS = 256


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: narrow embeddings, blocks that share their layers, a pooler with tanh.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    encoder = read_standard_keys(
        content,
        num_labels,
        FAMILY.architecture,
        "tanh",
        types=_TYPES,
        hidden_act="gelu_new",
    )
    groups = content.size("num_hidden_groups", "num_hidden_layers", default=1)
    layers = content.size("inner_group_num", "num_hidden_layers", default=1)
    blocks = encoder.num_hidden_layers * layers
    if groups > encoder.num_hidden_layers or blocks > _MOST_BLOCKS:
        raise content.error(
            f"num_hidden_layers {encoder.num_hidden_layers}, num_hidden_groups {groups} and "
            f"inner_group_num {layers} do not go together: there is no more than one group for "
            f"each layer, and at most {_MOST_BLOCKS} blocks in all are served. Correct them."
        )
    return replace(
        encoder,
        num_hidden_layers=blocks,
        embedding_size=content.size("embedding_size", "hidden_size", default=128),
        layer_groups=groups,
        layers_per_group=layers,
    )


FAMILY = Family(
    architecture="AlbertForSequenceClassification",
    model_type="albert",
    examples=("textattack/albert-base-v2-SST-2",),
    head="pooler with tanh",
    precisions=WITHOUT_CODES,
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
