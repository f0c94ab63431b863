"""``config.json`` of MPNet sequence classifiers.

Keys: https://huggingface.co/docs/transformers/model_doc/mpnet#transformers.MPNetConfig
"""

from __future__ import annotations

from dataclasses import replace

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import DISTANCE_BUCKETS, EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.checkpoint.standard_keys import check_only, read_standard_keys
from distilbert_sentiment_arch.settings.precision import WITHOUT_CODES
from weight_adapters.mpnet import DROPPED, FIRST_POSITION, tensor_specs


def read_encoder(content: ConfigJson, num_labels: int) -> EncoderConfig:
    """Reads the encoder: scores with biases by distance, no token types, tanh in the head.

    Raises:
        ConfigError: A missing key, a value of another type, out of range or not supported.
    """
    # transformers sorts distances into 32 buckets, whatever the file says.
    check_only(content, {"relative_attention_num_buckets": DISTANCE_BUCKETS})
    config = read_standard_keys(content, num_labels, FAMILY.architecture, "tanh")
    positions = config.max_position_embeddings - FIRST_POSITION
    if positions < 1:
        raise content.error(
            f"max_position_embeddings is {config.max_position_embeddings}, and the first "
            f"{FIRST_POSITION} positions are never used. Correct it."
        )
    return replace(config, max_position_embeddings=positions, type_vocab_size=0, attention="biased")


FAMILY = Family(
    architecture="MPNetForSequenceClassification",
    model_type="mpnet",
    examples=("microsoft/mpnet-base",),
    head="dense layer with tanh",
    precisions=WITHOUT_CODES,
    read_encoder=read_encoder,
    tensor_specs=tensor_specs,
    dropped=DROPPED,
)
