"""Validation of safetensors headers and of the index of shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config
from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson
from distilbert_sentiment_arch.checkpoint.tensors import check_tensors, read_header, weight_files
from distilbert_sentiment_arch.errors import TensorError
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints

TWO = '{"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}'


def write(path: Path, header: str, data: bytes = bytes(8), length: int | None = None) -> Path:
    blob = header.encode("utf-8", "surrogatepass")
    path.write_bytes((len(blob) if length is None else length).to_bytes(8, "little") + blob + data)
    return path


def entry(shape: str = "[2]", offsets: str = "[0, 8]", dtype: str = '"F32"') -> str:
    return f'{{"a": {{"dtype": {dtype}, "shape": {shape}, "data_offsets": {offsets}}}}}'


def test_a_sound_header(tmp_path: Path) -> None:
    header = read_header(write(tmp_path / "model.safetensors", entry()))
    assert (header["a"].shape, header["a"].nbytes) == ((2,), 8)


@pytest.mark.parametrize(
    "header",
    [
        entry(offsets="[0, 9e999]"),
        entry(offsets=f"[0, {'1' * 4300}]"),
        entry(offsets=f"[0, {'1' * 4301}]"),
        entry(offsets="[8, 0]"),
        entry(offsets="[-8, 0]"),
        entry(offsets="[false, 8]"),
        entry(offsets="[0]"),
        entry(offsets="[0, 4]"),
        entry(offsets="[4, 8]", shape="[1]"),
        entry(offsets="null"),
        entry(shape="[9e999]"),
        entry(shape="[NaN]"),
        entry(shape="[-2]"),
        entry(shape="[2.0]"),
        entry(shape="[true, 2]"),
        entry(shape="[0, 2]"),
        entry(shape=f"[{'1,' * 400_000}2]"),
        entry(shape=f"[{9**18}, {9**18}]"),
        entry(shape='"2"'),
        entry(dtype='"I32"'),
        entry(dtype="5"),
        f'{{"a": {TWO}, "b": {TWO}}}',
        f'{{"a": {TWO}, "a": {TWO}}}',
        '{"a": 5}',
        "[]",
        "{}",
        "[" * 100_000,
        f'{{"{"n" * 100_000}": 5}}',
        '{"\\ud800": 5}',
        '{"\ud800": 5}',
    ],
    ids=lambda header: header[:60].encode("ascii", "replace").decode(),
)
def test_a_damaged_header(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "model.safetensors", header)
    with pytest.raises(TensorError) as caught:
        read_header(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 500


def test_the_headers_of_all_shards_share_one_size_limit(tmp_path: Path) -> None:
    shards = [tmp_path / f"{shard}.safetensors" for shard in range(3)]
    for path in shards:
        write(path, " " * 2**20 + entry())
    content = ConfigJson(checkpoints.random_config(), "config.json")
    config = read_config(content, FAMILIES)
    specs = config.family.tensor_specs(config.encoder)
    with pytest.raises(TensorError, match="headers of the shards"):
        check_tensors(tuple(shards), specs, config.family.architecture)


@pytest.mark.parametrize("length", [2**20, 2**31, 2**64 - 1])
def test_a_header_longer_than_the_file(tmp_path: Path, length: int) -> None:
    with pytest.raises(TensorError, match="cut short"):
        read_header(write(tmp_path / "model.safetensors", entry(), length=length))


def test_a_header_over_the_size_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "model.safetensors", entry(), length=2**30)
    with path.open("r+b") as file:
        file.truncate(2**31)
    with pytest.raises(TensorError, match="its header is 1073741824 bytes"):
        read_header(path)


@pytest.mark.parametrize(
    "weight_map",
    [
        *({}, [], None, {"a": 5}, {"a": None}, {"a": ""}, {"a": "s" * 5000}, {"a": "n\0l"}),
        *({"a": ".."}, {"a": "../x.safetensors"}, {"a": "absent.safetensors"}, {"a": "\ud800"}),
        {str(shard): f"{shard}.safetensors" for shard in range(1001)},
    ],
    ids=lambda weight_map: str(weight_map)[:30].encode("ascii", "replace").decode(),
)
def test_a_damaged_index(tmp_path: Path, weight_map: Any) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(TensorError) as caught:
        weight_files(tmp_path)
    assert len(str(caught.value)) < 500
