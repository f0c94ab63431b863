"""``config.json`` of CamemBERT sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/camembert#transformers.CamembertConfig
"""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.standard_keys import read_standard_keys
from weight_adapters.roberta import DROPPED, tensor_specs


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: that of RoBERTa, trained on French.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    return read_standard_keys(content, num_labels, FAMILY.architecture, "tanh", padding=1)


FAMILY = Family(
    architecture="CamembertForSequenceClassification",
    model_type="camembert",
    examples=("cmarkea/distilcamembert-base-sentiment",),
    head="dense layer with tanh",
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
