"""config.json of RoBERTa and its kin: defaults, and positions behind that of the padding token."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.roberta.config import read_encoder
from scripts import checkpoints

# Of cardiffnlp/twitter-roberta-base-sentiment-latest, but for the labels.
PUBLISHED = {
    "architectures": ["RobertaForSequenceClassification"],
    "attention_probs_dropout_prob": 0.1,
    "bos_token_id": 0,
    "classifier_dropout": None,
    "eos_token_id": 2,
    "gradient_checkpointing": False,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "hidden_size": 768,
    "initializer_range": 0.02,
    "intermediate_size": 3072,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 514,
    "model_type": "roberta",
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
    "pad_token_id": 1,
    "position_embedding_type": "absolute",
    "torch_dtype": "float32",
    "transformers_version": "4.13.0.dev0",
    "type_vocab_size": 1,
    "use_cache": True,
    "vocab_size": 50265,
}


def read(**changes: object) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.ROBERTA, **changes)
    return read_encoder(ConfigJson(content, "config.json"), 2)


def test_a_published_configuration() -> None:
    assert read_encoder(ConfigJson(PUBLISHED, "config.json"), 3) == EncoderConfig(
        architecture="RobertaForSequenceClassification",
        hidden_size=768,
        intermediate_size=3072,
        num_attention_heads=12,
        num_hidden_layers=12,
        vocab_size=50265,
        max_position_embeddings=512,
        type_vocab_size=1,
        hidden_act="gelu",
        head_activation="tanh",
        layer_norm_eps=1e-5,
        num_labels=3,
        pad_token_id=1,
    )


def test_positions_begin_behind_that_of_the_padding_token() -> None:
    assert read(max_position_embeddings=40, pad_token_id=5).max_position_embeddings == 34
    content = checkpoints.random_config(checkpoints.ROBERTA, max_position_embeddings=40)
    del content["pad_token_id"]
    config = read_encoder(ConfigJson(content, "config.json"), 2)
    assert (config.pad_token_id, config.max_position_embeddings) == (1, 38)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pad_token_id": None}, "pad_token_id is null, and positions are numbered from it"),
        ({"max_position_embeddings": 2}, "the first 2 positions are never used, so none is left"),
        ({"position_embedding_type": "relative_key"}, "only 'absolute' is served"),
    ],
)
def test_values_that_are_not_served(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(**changes)
