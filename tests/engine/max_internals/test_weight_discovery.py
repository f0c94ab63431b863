"""Discovery of weight files by MAX when it computes in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from max.graph.weights import WeightsFormat
from max.pipelines.lib.config import model_config
from max.pipelines.weights.hf_utils import HuggingFaceRepo

from distilbert_sentiment_arch.engine.max_internals import weight_discovery
from scripts import checkpoints

DISTILBERT = "DistilBertForSequenceClassification"


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "_discover_default_weight_paths"
    monkeypatch.setattr(model_config, name, getattr(model_config, name))


def found(directory: Path) -> list[Path]:
    """Returns the weight files that MAX finds for a model to be computed in float32."""
    repo = HuggingFaceRepo(repo_id=str(directory))
    discover: Any = model_config._discover_default_weight_paths
    return list(discover(repo, "float32", None, WeightsFormat.safetensors))


def write(directory: Path, dtype: str, shards: int = 1) -> None:
    config = checkpoints.random_config()
    checkpoints.write_checkpoint(directory, config)
    (directory / "model.safetensors").unlink()
    checkpoints.save_shards(directory, checkpoints.random_tensors(config), shards, dtype)


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_half_precision_is_found_for_the_architectures_that_cast_it(
    tmp_path: Path, dtype: str
) -> None:
    write(tmp_path, dtype, shards=2)
    weight_discovery.install({"OtherForSequenceClassification"})
    assert found(tmp_path) == []
    weight_discovery.install({DISTILBERT})
    assert sorted(found(tmp_path)) == sorted(tmp_path.glob("*.safetensors"))


def test_max_itself_does_not_find_it(tmp_path: Path) -> None:
    # If this fails, MAX finds them itself, and weight_discovery can be removed.
    write(tmp_path, "F16")
    assert (
        weight_discovery._of_max(
            HuggingFaceRepo(repo_id=str(tmp_path)), "float32", None, WeightsFormat.safetensors
        )
        == []
    )


def test_float32_is_found_as_max_finds_it(tmp_path: Path) -> None:
    write(tmp_path, "F32", shards=2)
    before = found(tmp_path)
    weight_discovery.install({DISTILBERT})
    assert found(tmp_path) == before
    assert len(before) == 2
