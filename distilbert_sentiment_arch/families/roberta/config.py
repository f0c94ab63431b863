"""``config.json`` of RoBERTa sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/roberta#transformers.RobertaConfig
"""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.standard_keys import read_standard_keys
from weight_adapters.roberta import DROPPED, tensor_specs


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: positions from the padding token's id on, tanh in the head.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    return read_standard_keys(content, num_labels, FAMILY.architecture, "tanh", padding=1)


FAMILY = Family(
    architecture="RobertaForSequenceClassification",
    model_type="roberta",
    examples=(
        "cardiffnlp/twitter-roberta-base-sentiment-latest",
        "SamLowe/roberta-base-go_emotions",
    ),
    head="dense layer with tanh",
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
