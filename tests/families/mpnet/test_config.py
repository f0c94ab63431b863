"""config.json of MPNet: Hugging Face's keys, their defaults, and the values that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.mpnet.config import read_encoder

# That of microsoft/mpnet-base, with labels.
PUBLISHED: dict[str, Any] = {
    "architectures": ["MPNetForSequenceClassification"],
    "attention_probs_dropout_prob": 0.1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 768,
    "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 514,
    "model_type": "mpnet",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 1,
    "relative_attention_num_buckets": 32,
    "vocab_size": 30527,
}


def read(**changes: object) -> EncoderConfig:
    return read_encoder(ConfigJson(PUBLISHED | changes, "config.json"), 2)


def test_the_published_configuration() -> None:
    assert read() == EncoderConfig(
        architecture="MPNetForSequenceClassification",
        hidden_size=768,
        intermediate_size=3072,
        num_attention_heads=12,
        num_hidden_layers=12,
        vocab_size=30527,
        max_position_embeddings=512,
        attention="biased",
        hidden_act="gelu",
        head_activation="tanh",
        layer_norm_eps=1e-5,
        num_labels=2,
        pad_token_id=1,
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relative_attention_num_buckets": 64}, "relative_attention_num_buckets is 64, and only"),
        ({"max_position_embeddings": 2}, "max_position_embeddings is 2, and the first 2 positions"),
    ],
)
def test_what_is_not_served_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(**changes)
