"""config.json of Camembert, which is that of RoBERTa under other names."""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.families.camembert.config import FAMILY, read_encoder
from scripts import checkpoints


def test_positions_begin_behind_that_of_the_padding_token() -> None:
    content = checkpoints.random_config(checkpoints.CAMEMBERT, max_position_embeddings=514)
    config = read_encoder(ConfigJson(content, "config.json"), 3)
    assert config.max_position_embeddings == 512
    assert config.head_activation == "tanh"
    assert config.architecture == FAMILY.architecture == "CamembertForSequenceClassification"
    assert FAMILY.model_type == content["model_type"] == "camembert"
