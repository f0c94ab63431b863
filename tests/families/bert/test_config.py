"""config.json of BERT: Hugging Face's keys, their defaults, and the values that are refused."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.bert.config import read_encoder
from scripts import checkpoints


def read(**changes: object) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.BERT, **changes)
    return read_encoder(ConfigJson(content, "config.json"), 2)


def test_keys_are_those_of_hugging_face() -> None:
    config = read(
        hidden_act="silu",
        hidden_size=48,
        intermediate_size=96,
        layer_norm_eps=1e-5,
        num_attention_heads=6,
        num_hidden_layers=3,
        type_vocab_size=1,
    )
    assert config == EncoderConfig(
        architecture="BertForSequenceClassification",
        hidden_size=48,
        intermediate_size=96,
        num_attention_heads=6,
        num_hidden_layers=3,
        vocab_size=99,
        max_position_embeddings=40,
        type_vocab_size=1,
        hidden_act="silu",
        head_activation="tanh",
        layer_norm_eps=1e-5,
        num_labels=2,
    )


def test_defaults_are_those_of_hugging_face() -> None:
    content = checkpoints.random_config(checkpoints.BERT)
    for key in ("hidden_act", "layer_norm_eps", "type_vocab_size"):
        del content[key]
    config = read_encoder(ConfigJson(content, "config.json"), 2)
    assert (config.hidden_act, config.layer_norm_eps, config.type_vocab_size) == ("gelu", 1e-12, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type_vocab_size": 16}, "type_vocab_size is 16, and at most 2"),
        ({"type_vocab_size": 0}, "type_vocab_size is 0, not a positive integer"),
        ({"layer_norm_eps": 0}, "layer_norm_eps is 0, not a number between 0 and 1"),
        ({"layer_norm_eps": "1e-12"}, "layer_norm_eps is '1e-12', not a number"),
        ({"layer_norm_eps": True}, "layer_norm_eps is True"),
        ({"position_embedding_type": "relative_key"}, "'relative_key', and only 'absolute'"),
        ({"is_decoder": True}, "is_decoder is True, and only False"),
        ({"is_decoder": 0}, "is_decoder is 0, not bool"),
        ({"num_attention_heads": 5}, "num_attention_heads 5 does not divide hidden_size 32"),
        ({"hidden_dropout_prob": "a"}, "hidden_dropout_prob is 'a'"),
    ],
)
def test_unsupported_configurations_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(**changes)
