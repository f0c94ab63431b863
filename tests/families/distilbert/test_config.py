"""config.json of DistilBERT: Hugging Face's keys and the values that are refused."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.distilbert.config import read_encoder
from scripts import checkpoints


def read(**changes: object) -> EncoderConfig:
    return read_encoder(ConfigJson(checkpoints.random_config(**changes), "config.json"), 2)


def test_keys_are_those_of_hugging_face() -> None:
    config = read(
        activation="gelu_new",
        dim=48,
        hidden_dim=96,
        n_heads=6,
        n_layers=3,
        vocab_size=101,
        max_position_embeddings=50,
        sinusoidal_pos_embds=True,
        pad_token_id=7,
    )
    assert config == EncoderConfig(
        architecture="DistilBertForSequenceClassification",
        hidden_size=48,
        intermediate_size=96,
        num_attention_heads=6,
        num_hidden_layers=3,
        vocab_size=101,
        max_position_embeddings=50,
        sinusoidal_positions=True,
        type_vocab_size=0,
        hidden_act="gelu_tanh",
        head_activation="relu",
        layer_norm_eps=1e-12,
        num_labels=2,
        pad_token_id=7,
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_layers": 10**6}, "n_layers is 1000000, and at most 256"),
        ({"dim": 10**9}, "dim is 1000000000, and at most"),
        ({"vocab_size": 10**4299}, "vocab_size is 1000.*and at most 2000000"),
        ({"n_layers": True}, "n_layers is True, not a positive integer"),
        ({"dim": 32.0}, "dim is 32.0, not a positive integer"),
        ({"n_heads": 5}, "n_heads 5 does not divide dim 32"),
        ({"activation": "mish"}, "activation 'mish' is not supported"),
        ({"activation": ["gelu"]}, "is not supported"),
        (
            {"max_position_embeddings": 65_536, "dim": 1024, "sinusoidal_pos_embds": True},
            "65536 sinusoidal positions of 1024",
        ),
        ({"max_position_embeddings": 10**7, "sinusoidal_pos_embds": True}, "at most 65536"),
        ({"sinusoidal_pos_embds": "false"}, "sinusoidal_pos_embds is 'false', not bool"),
        ({"pad_token_id": True}, "pad_token_id True"),
        ({"auto_map": {"AutoConfig": "a.B"}}, "auto_map"),
        ({"dropout": "high"}, "dropout is 'high', not float or int"),
        ({"label2id": {"A": "0"}}, "label2id"),
        ({"hidden_size": 64}, "hidden_size is 64 and dim, another name for it, 32"),
    ],
)
def test_values_no_distilbert_has_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(**changes)
    assert len(str(caught.value)) < 500
