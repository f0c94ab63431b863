"""``config.json`` of ELECTRA sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/electra#transformers.ElectraConfig. Those
that begin with ``summary_`` are of another head.
"""

from __future__ import annotations

from dataclasses import replace

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, Types
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.standard_keys import read_standard_keys
from weight_adapters.electra import DROPPED, tensor_specs

_TYPES: Types = {
    "summary_activation": (str,),
    "summary_last_dropout": (float, int),
    "summary_type": (str,),
    "summary_use_proj": (bool,),
}


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: narrow embeddings, which a linear layer widens, and gelu in the head.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    encoder = read_standard_keys(content, num_labels, FAMILY.architecture, "gelu", types=_TYPES)
    width = content.size("embedding_size", "hidden_size", default=128)
    return replace(encoder, embedding_size=0 if width == encoder.hidden_size else width)


FAMILY = Family(
    architecture="ElectraForSequenceClassification",
    model_type="electra",
    examples=("bhadresh-savani/electra-base-emotion",),
    head="dense layer with GELU",
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
