"""MAX's configuration of a model, filled in from a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
from max.pipelines.lib import MAXModelConfig

from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints


class RobertaModelConfig(EncoderModelConfig):
    family = FAMILIES[checkpoints.ROBERTA]


def most_tokens(directory: Path, max_length: int | None) -> int:
    config = checkpoints.random_config(checkpoints.ROBERTA, max_position_embeddings=514)
    path = checkpoints.write_checkpoint(directory, config)
    model = MAXModelConfig(model_path=str(path), max_length=max_length)
    return RobertaModelConfig.calculate_max_seq_len(model.huggingface_config, model)


def test_positions_that_no_token_has_are_not_counted(tmp_path: Path) -> None:
    assert most_tokens(tmp_path, None) == 512
    assert most_tokens(tmp_path, 300) == 300


def test_more_tokens_than_positions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--max-length is 513, and the model reads at most 512"):
        most_tokens(tmp_path, 513)
