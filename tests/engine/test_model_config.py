"""MAX's configuration of a model, filled in from a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from max.driver import DeviceSpec
from max.pipelines.lib import MAXModelConfig

from distilbert_sentiment_arch.engine.model_config import EncoderModelConfig
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.precision import PRECISION
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


@pytest.mark.parametrize(
    ("device", "setting", "expected"),
    [
        (DeviceSpec.accelerator(), "bfloat16", "bfloat16"),
        (DeviceSpec.accelerator(), "float32", "float32"),
        (DeviceSpec.accelerator(), "int8", "float32"),
        # On a CPU the setting is of the kernels, whose weights are packed from float32.
        (DeviceSpec.cpu(), "bfloat16", "float32"),
    ],
)
def test_the_setting_decides_what_an_accelerator_computes_in(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: DeviceSpec,
    setting: str,
    expected: str,
) -> None:
    monkeypatch.setenv(PRECISION, setting)
    path = checkpoints.write_checkpoint(
        tmp_path, checkpoints.random_config(checkpoints.ROBERTA, max_position_embeddings=514)
    )
    model = MAXModelConfig(
        model_path=str(path),
        device_specs=[device],
        quantization_encoding="float32",
        weight_path=[path / "model.safetensors"],
    )
    config = RobertaModelConfig.initialize(cast(Any, None), model, max_seq_len=512)
    assert config.dtype.name == expected
