"""``config.json`` of XLM-RoBERTa sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/xlm-roberta#transformers.XLMRobertaConfig
"""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.standard_keys import read_standard_keys
from weight_adapters.roberta import DROPPED, tensor_specs


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: that of RoBERTa, with a vocabulary of many languages.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    return read_standard_keys(content, num_labels, FAMILY.architecture, "tanh", padding=1)


FAMILY = Family(
    architecture="XLMRobertaForSequenceClassification",
    model_type="xlm-roberta",
    examples=(
        "papluca/xlm-roberta-base-language-detection",
        "BAAI/bge-reranker-v2-m3",
    ),
    head="dense layer with tanh",
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
