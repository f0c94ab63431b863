"""``config.json`` of BERT sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/bert#transformers.BertConfig
"""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.standard_keys import read_standard_keys
from weight_adapters.bert import DROPPED, tensor_specs


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: token types, a pooler with tanh, layer norms after residuals.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    return read_standard_keys(content, num_labels, FAMILY.architecture, "tanh")


FAMILY = Family(
    architecture="BertForSequenceClassification",
    model_type="bert",
    examples=(
        "nlptown/bert-base-multilingual-uncased-sentiment",
        "ProsusAI/finbert",
        "unitary/toxic-bert",
    ),
    head="pooler with tanh",
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
