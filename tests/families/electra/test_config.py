"""config.json of ELECTRA: narrow embeddings, and gelu in the head whatever the file says."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.electra.config import read_encoder
from scripts import checkpoints


def read(**changes: object) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.ELECTRA, **changes)
    return read_encoder(ConfigJson(content, "config.json"), 2)


@pytest.mark.parametrize(("written", "read_as"), [(16, 16), (32, 0)])
def test_a_linear_layer_follows_embeddings_of_another_width(written: int, read_as: int) -> None:
    assert read(embedding_size=written).embedding_size == read_as


def test_a_width_that_is_not_written_is_that_of_hugging_face() -> None:
    content = checkpoints.random_config(checkpoints.ELECTRA, hidden_size=256)
    del content["embedding_size"]
    assert read_encoder(ConfigJson(content, "config.json"), 2).embedding_size == 128


def test_the_head_has_gelu() -> None:
    config = read(hidden_act="relu", summary_activation="tanh", summary_type="mean")
    assert (config.hidden_act, config.head_activation, config.pooling) == ("relu", "gelu", "first")


def test_values_of_another_type_are_refused() -> None:
    with pytest.raises(ConfigError, match="embedding_size is 0, not a positive integer"):
        read(embedding_size=0)
    with pytest.raises(ConfigError, match="summary_use_proj is 'yes', not bool"):
        read(summary_use_proj="yes")
