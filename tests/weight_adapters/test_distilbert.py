"""DistilBERT's table of weight names, and the conversion of the tensors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from max.dtype import DType
from max.graph.weights import WeightData, load_weights

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.errors import TensorError
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints
from scripts.oracle import distilbert as oracle
from weight_adapters import distilbert

Convert = Callable[..., dict[str, WeightData]]


def encoder(**changes: object) -> EncoderConfig:
    content = ConfigJson(checkpoints.random_config(**changes), "config.json")
    return read_config(content, FAMILIES).encoder


def convert(path: Path, config: EncoderConfig) -> dict[str, np.ndarray]:
    weights = dict(load_weights([path]).items())
    converted = distilbert.convert_safetensor_state_dict(
        weights, config=config, dtype=DType.float32
    )
    return {name: np.from_dlpack(data) for name, data in converted.items()}


def test_graph_modules_have_the_names_of_the_table() -> None:
    from max.graph import DeviceRef

    from distilbert_sentiment_arch.engine.layers import EncoderForSequenceClassification

    module = EncoderForSequenceClassification(encoder(), DType.float32, DeviceRef.CPU())
    specs = distilbert.tensor_specs(encoder()).values()
    assert {spec.graph_name: list(spec.shape) for spec in specs} == {
        name: [int(axis) for axis in weight.shape]
        for name, weight in module.raw_state_dict().items()
    }


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [("F32", 0), ("F16", 1e-3), ("BF16", 8e-3)])
def test_half_precision_is_cast_to_float32(
    tmp_path: Path, dtype: str, tolerance: float, aligned: bool
) -> None:
    tensors = checkpoints.random_tensors(checkpoints.random_config())
    checkpoints.save_safetensors(tmp_path / "model.safetensors", tensors, dtype, aligned=aligned)
    converted = convert(tmp_path / "model.safetensors", encoder())
    for name, spec in distilbert.tensor_specs(encoder()).items():
        assert converted[spec.graph_name].dtype == np.float32
        assert converted[spec.graph_name].flags.aligned
        np.testing.assert_allclose(
            converted[spec.graph_name], tensors[name], rtol=tolerance, atol=tolerance / 100
        )


def test_old_layer_norm_names_and_buffers(tmp_path: Path) -> None:
    tensors = checkpoints.random_tensors(checkpoints.random_config())
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in tensors.items()
    }
    old["distilbert.embeddings.position_ids"] = np.arange(40, dtype=np.float32)
    # The head of pre-training, which multilingual checkpoints were saved with.
    for name in ("vocab_transform", "vocab_layer_norm", "vocab_projector"):
        old[f"{name}.weight"] = old[f"{name}.bias"] = np.full(3, np.nan, np.float32)
    checkpoints.save_safetensors(tmp_path / "model.safetensors", old)
    converted = convert(tmp_path / "model.safetensors", encoder())
    np.testing.assert_array_equal(
        converted["embeddings.layer_norm.weight"], tensors["distilbert.embeddings.LayerNorm.weight"]
    )
    assert len(converted) == len(tensors)


def test_missing_sinusoidal_positions_are_computed(tmp_path: Path) -> None:
    raw = checkpoints.random_config(sinusoidal_pos_embds=True)
    checkpoints.save_safetensors(tmp_path / "model.safetensors", checkpoints.random_tensors(raw))
    converted = convert(tmp_path / "model.safetensors", encoder(sinusoidal_pos_embds=True))
    np.testing.assert_allclose(
        converted["embeddings.position_embeddings.weight"], oracle.sinusoids(40, 32), atol=1e-6
    )


def test_nan_is_found_in_the_worker_too(tmp_path: Path) -> None:
    tensors = checkpoints.random_tensors(checkpoints.random_config())
    tensors["pre_classifier.bias"][0] = np.nan
    checkpoints.save_safetensors(tmp_path / "model.safetensors", tensors)
    with pytest.raises(TensorError, match=r"'pre_classifier.bias'.*'classifier.dense.b"):
        convert(tmp_path / "model.safetensors", encoder())
