"""config.json of XLMRoberta, which is that of RoBERTa under other names."""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.families.xlm_roberta.config import FAMILY, read_encoder
from scripts import checkpoints


def test_positions_begin_behind_that_of_the_padding_token() -> None:
    content = checkpoints.random_config(checkpoints.XLM_ROBERTA, max_position_embeddings=514)
    config = read_encoder(ConfigJson(content, "config.json"), 3)
    assert config.max_position_embeddings == 512
    assert config.head_activation == "tanh"
    assert config.architecture == FAMILY.architecture == "XLMRobertaForSequenceClassification"
    assert FAMILY.model_type == content["model_type"] == "xlm-roberta"
