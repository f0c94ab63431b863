"""config.json of ALBERT: groups of layers that blocks share, and its own defaults."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.albert.config import read_encoder
from scripts import checkpoints


def read(**changes: object) -> EncoderConfig:
    content = checkpoints.random_config(checkpoints.ALBERT, **changes)
    return read_encoder(ConfigJson(content, "config.json"), 2)


def test_all_blocks_share_the_layers_of_their_group() -> None:
    config = read(num_hidden_layers=4, num_hidden_groups=2, inner_group_num=3)
    assert config.num_hidden_layers == 12
    assert config.num_distinct_layers == 6
    assert [config.layer_of(block) for block in range(12)] == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]


def test_defaults_are_those_of_hugging_face() -> None:
    content = checkpoints.random_config(checkpoints.ALBERT)
    for key in ("embedding_size", "hidden_act", "inner_group_num", "num_hidden_groups"):
        del content[key]
    config = read_encoder(ConfigJson(content, "config.json"), 2)
    assert (config.embedding_size, config.hidden_act) == (128, "gelu_tanh")
    assert (config.layer_groups, config.layers_per_group) == (1, 1)


def test_a_linear_layer_follows_embeddings_of_any_width() -> None:
    assert read(embedding_size=32).embedding_size == 32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_groups": 4}, "num_hidden_groups 4 and inner_group_num 1 do not go together"),
        ({"num_hidden_layers": 100, "inner_group_num": 3}, "at most 256 blocks in all"),
        ({"inner_group_num": 0}, "inner_group_num is 0"),
        ({"classifier_dropout_prob": None}, "classifier_dropout_prob is None"),
    ],
)
def test_values_that_are_not_served(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(**changes)
