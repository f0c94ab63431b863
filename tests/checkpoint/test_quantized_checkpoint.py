"""A quantised checkpoint, as safetensors' own reader sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from max.dtype import DType
from max.graph.weights import load_weights
from safetensors.numpy import load_file, save_file

from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.checkpoint.quantization import quantize_rows
from distilbert_sentiment_arch.checkpoint.quantized_checkpoint import write_quantized
from distilbert_sentiment_arch.engine.graph_weights import convert, is_quantized
from distilbert_sentiment_arch.errors import CheckpointError, ConfigError, TensorError
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints

Tensors = dict[str, np.ndarray]


def quantized(directory: Path) -> Path:
    """Quantises a checkpoint, into a directory beside it."""
    output = directory.with_name("quantised")
    write_quantized(inspect_checkpoint(directory, FAMILIES), output, FAMILIES)
    return output


def converted(directory: Path) -> Tensors:
    """Returns the weights that the model worker makes of a checkpoint."""
    found = inspect_checkpoint(directory, FAMILIES)
    state = dict(load_weights(list(found.weight_files)).items())
    family, encoder = found.config.family, found.config.encoder
    weights = convert(state, family.tensor_specs(encoder), family.architecture, DType.float32)
    return {name: np.from_dlpack(data) for name, data in weights.items()}


@pytest.mark.parametrize("architecture", [checkpoints.DISTILBERT, checkpoints.BERT])
def test_what_is_quantised_and_what_is_kept(
    checkpoint: Callable[..., Path], architecture: str
) -> None:
    before = checkpoint(architecture=architecture)
    after = quantized(before)
    floats = load_file(before / "model.safetensors")
    stored = load_file(after / "model.safetensors")
    scales = {name for name in stored if name.endswith("_scale")}
    integers = {name for name, tensor in stored.items() if tensor.dtype == np.int8}
    assert stored.keys() - scales == floats.keys()
    assert scales == {f"{name}_scale" for name in integers}
    layers = [name for name in floats if ".layer." in name and floats[name].ndim == 2]
    words = [name for name in floats if name.endswith("word_embeddings.weight")]
    assert len(words) == 1
    assert len(layers) == 2 * 6
    assert integers == {*layers, *words}
    for name, tensor in floats.items():
        if name not in integers:
            np.testing.assert_array_equal(stored[name], tensor)
            continue
        scale = stored[f"{name}_scale"]
        assert scale.dtype == np.float32
        # Half a step, and float32's rounding.
        error = np.abs(stored[name] * scale[:, None] - tensor) / scale[:, None]
        assert error.max() <= 0.5 + 1e-5
        assert np.abs(stored[name].astype(int)).max(axis=1).tolist() == [127] * len(scale)


def test_numbers_that_float16_holds_are_kept_in_it(checkpoint: Callable[..., Path]) -> None:
    before = checkpoint()
    tensors = checkpoints.random_tensors(checkpoints.random_config())
    checkpoints.save_safetensors(before / "model.safetensors", tensors, "F16")
    stored = load_file(quantized(before) / "model.safetensors")
    assert {tensor.dtype.name for tensor in stored.values()} == {"float16", "float32", "int8"}
    assert all(name.endswith("_scale") for name in stored if stored[name].dtype == np.float32)


@pytest.mark.parametrize(("dtype", "shards"), [("F32", 1), ("F16", 3), ("BF16", 1)])
def test_integers_of_a_quantised_checkpoint_are_those_of_the_float_one(
    checkpoint: Callable[..., Path], dtype: str, shards: int
) -> None:
    before = checkpoint()
    tensors = checkpoints.random_tensors(checkpoints.random_config())
    if shards == 1:
        checkpoints.save_safetensors(before / "model.safetensors", tensors, dtype)
    else:
        (before / "model.safetensors").unlink()
        checkpoints.save_shards(before, tensors, shards, dtype)
    after = converted(quantized(before))
    for name, floats in converted(before).items():
        assert after[name].dtype == np.float32
        if floats.ndim == 2 and (name.startswith("encoder.layers") or "word_emb" in name):
            for each, again in zip(quantize_rows(floats), quantize_rows(after[name]), strict=True):
                np.testing.assert_array_equal(each, again)
        else:
            np.testing.assert_array_equal(after[name], floats)


def test_old_names_and_buffers_are_left_behind(checkpoint: Callable[..., Path]) -> None:
    before = checkpoint()
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma"): tensor
        for name, tensor in load_file(before / "model.safetensors").items()
    }
    old["distilbert.embeddings.position_ids"] = np.arange(40, dtype=np.float32)
    save_file(old, before / "model.safetensors")
    stored = load_file(quantized(before) / "model.safetensors")
    assert "distilbert.embeddings.LayerNorm.weight" in stored
    assert not any(name.endswith(("gamma", "position_ids")) for name in stored)


def test_files_beside_the_weights(checkpoint: Callable[..., Path]) -> None:
    before = checkpoint()
    (before / "README.md").write_text("a card")
    (before / "LICENSE.ODbL.txt").write_text("a licence")
    (before / "optimizer.pt").write_bytes(b"not needed")
    after = quantized(before)
    assert {path.name for path in after.iterdir()} == {
        *("config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"),
        *("README.md", "LICENSE.ODbL.txt"),
    }
    for name in ("vocab.txt", "tokenizer_config.json", "README.md", "LICENSE.ODbL.txt"):
        assert (after / name).read_bytes() == (before / name).read_bytes()
    config, original = (json.loads((each / "config.json").read_text()) for each in (after, before))
    assert config.pop("quantization_config") == {
        "quant_method": "max-sentiment",
        "format_version": 1,
        "weights": "int8",
        "scales": "row",
        "symmetric": True,
    }
    assert config == original


def test_inspection_and_the_worker_know_a_quantised_checkpoint(
    checkpoint: Callable[..., Path],
) -> None:
    before = checkpoint()
    for directory, expected in ((before, False), (quantized(before), True)):
        found = inspect_checkpoint(directory, FAMILIES)
        assert found.config.quantized == expected
        assert is_quantized(dict(load_weights(list(found.weight_files)).items())) == expected


def test_nothing_is_overwritten_and_nothing_is_left_behind(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    found = inspect_checkpoint(checkpoint(), FAMILIES)
    output = tmp_path / "there"
    output.mkdir()
    with pytest.raises(CheckpointError, match="it exists"):
        write_quantized(found, output, FAMILIES)
    with pytest.raises(CheckpointError, match="No such file"):
        write_quantized(found, tmp_path / "absent" / "output", FAMILIES)
    (found.directory / "vocab.txt").unlink()  # the checkpoint changes under the command
    with pytest.raises(CheckpointError, match=r"vocab.txt"):
        write_quantized(found, tmp_path / "output", FAMILIES)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint", "there"}


def test_a_quantised_checkpoint_is_not_quantised_again(checkpoint: Callable[..., Path]) -> None:
    output = quantized(checkpoint())
    with pytest.raises(ConfigError, match="quantised already"):
        write_quantized(inspect_checkpoint(output, FAMILIES), output.with_name("two"), FAMILIES)


def test_configuration_and_weights_of_two_checkpoints(checkpoint: Callable[..., Path]) -> None:
    before = checkpoint()
    after = quantized(before)
    own, other = after / "config.json", before / "config.json"
    quantised_config = own.read_text()
    own.write_text(other.read_text())
    with pytest.raises(TensorError, match="no quantization_config"):
        inspect_checkpoint(after, FAMILIES)
    other.write_text(quantised_config)
    with pytest.raises(TensorError, match="has a quantization_config"):
        inspect_checkpoint(before, FAMILIES)


def test_a_checkpoint_quantised_in_another_way(checkpoint: Callable[..., Path]) -> None:
    directory = checkpoint()
    config = json.loads((directory / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "gptq", "bits": 4}
    (directory / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=r"gptq.*max-sentiment quantize"):
        inspect_checkpoint(directory, FAMILIES)
