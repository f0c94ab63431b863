"""Checks of a checkpoint before MAX starts: one message names file, tensor and remedy."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import run

from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.defaults import METRICS_PORT, PACKAGE
from scripts import checkpoints
from scripts.server_process import free_ports

Damage = Callable[[Path], None]

QUERY = "distilbert.transformer.layer.1.attention.q_lin.weight"


def config(**changes: Any) -> Damage:
    def damage(directory: Path) -> None:
        path = directory / "config.json"
        content = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({k: v for k, v in content.items() if v is not ...}))

    return damage


def tensors(edit: Callable[[checkpoints.Tensors], Any]) -> Damage:
    def damage(directory: Path) -> None:
        found = checkpoints.random_tensors(checkpoints.random_config())
        edit(found)
        checkpoints.save_safetensors(directory / "model.safetensors", found)

    return damage


def poison(value: float) -> Callable[[checkpoints.Tensors], None]:
    def edit(found: checkpoints.Tensors) -> None:
        found[QUERY][3, 4] = value

    return edit


def truncate(size: int) -> Damage:
    return lambda directory: os.truncate(directory / "model.safetensors", size)


def replace_by(name: str, content: bytes | None) -> Damage:
    def damage(directory: Path) -> None:
        (directory / name).unlink()
        if content is not None:
            (directory / name).write_bytes(content)

    return damage


def pickled(directory: Path) -> None:
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")


def lost_shard(directory: Path) -> None:
    (directory / "model.safetensors").unlink()
    found = checkpoints.random_tensors(checkpoints.random_config())
    checkpoints.save_shards(directory, found, 2)
    (directory / "model-00002-of-00002.safetensors").unlink()


def escaping_shard(directory: Path) -> None:
    (directory / "model.safetensors").unlink()
    index = {"weight_map": {QUERY: "../../etc/passwd"}}
    (directory / "model.safetensors.index.json").write_text(json.dumps(index))


def quantised(directory: Path) -> None:
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"', 1))


def other_vocabulary(pieces: int) -> Damage:
    def damage(directory: Path) -> None:
        (directory / "vocab.txt").write_text(
            "".join(f"{piece}\n" for piece in checkpoints.vocabulary(pieces))
        )

    return damage


# name -> (damage, what the message says)
CASES: dict[str, tuple[Damage, tuple[str, ...]]] = {
    "no config": (replace_by("config.json", None), ("config.json", "no such file")),
    "config is not JSON": (replace_by("config.json", b"{"), ("config.json", "JSON")),
    "config is a list": (replace_by("config.json", b"[]"), ("config.json", "list")),
    "other architecture": (
        config(architectures=["FunnelForSequenceClassification"]),
        ("config.json", "'FunnelForSequence", "...ForSequenceClassification of", "Bert, "),
    ),
    "encoder without a head": (config(architectures=["DistilBertModel"]), ("DistilBertModel",)),
    "no labels": (config(id2label={}), ("config.json", "id2label", '{"0": "NEGATIVE"')),
    "labels with a gap": (config(id2label={"0": "A", "2": "B"}), ("id2label", "['0', '2']")),
    "labels with one name": (config(id2label={"0": "A", "1": "A"}), ("id2label", "repeats")),
    "more labels than rows": (
        config(id2label=checkpoints.labels(3)),
        ("'classifier.weight'", "'classifier.projection.weight'", "[2, 32]", "[3, 32]", "id2label"),
    ),
    "num_labels disagrees": (config(num_labels=5), ("num_labels is 5", "2 labels")),
    "unknown problem type": (config(problem_type="ranking"), ("problem_type", "'ranking'")),
    "unknown activation": (config(activation="mish"), ("activation", "'mish'", "gelu")),
    "heads do not divide": (config(n_heads=5), ("n_heads 5", "dim 32")),
    "no width": (config(dim=...), ("dim is missing",)),
    "negative depth": (config(n_layers=-1), ("n_layers is -1",)),
    "padding id out of range": (config(pad_token_id=99), ("pad_token_id 99", "0..98")),
    "missing tensor": (
        tensors(lambda found: found.pop(QUERY)),
        ("model.safetensors", QUERY, "'encoder.layers.1.attention.query.weight'", "missing"),
    ),
    "missing layer": (config(n_layers=3), ("layer.2", "encoder.layers.2", "and 15 more")),
    "extra tensor": (
        tensors(lambda found: found.update({"qa_outputs.bias": np.zeros(32, np.float32)})),
        ("model.safetensors", "'qa_outputs.bias'", "Remove it"),
    ),
    "misshapen tensor": (
        tensors(lambda found: found.update({QUERY: found[QUERY][:, :31]})),
        (QUERY, "'encoder.layers.1.attention.query.weight'", "[32, 31]", "[32, 32]"),
    ),
    "NaN": (tensors(poison(np.nan)), ("model.safetensors", QUERY, "attention.query", "NaN")),
    "infinity": (tensors(poison(-np.inf)), (QUERY, "infinity")),
    "cut in the data": (truncate(20_000), ("model.safetensors", "cut short", "Download")),
    "cut in the header": (truncate(100), ("cut short",)),
    "empty file": (truncate(0), ("cut short",)),
    "not safetensors": (
        replace_by("model.safetensors", (2).to_bytes(8, "little") + b"xx"),
        ("model.safetensors", "not a safetensors file"),
    ),
    "integer weights": (quantised, ("I32", "F16")),
    "no weights": (replace_by("model.safetensors", None), ("no model.safetensors",)),
    "pickled weights": (pickled, ("pytorch_model.bin", "run code", "save_pretrained")),
    "lost shard": (lost_shard, ("model-00002-of-00002.safetensors", "not there")),
    "shard outside": (escaping_shard, ("../../etc/passwd", "outside")),
    "no tokenizer": (replace_by("vocab.txt", None), ("no tokenizer.json and no vocab.txt",)),
    "larger vocabulary": (other_vocabulary(120), ("vocab.txt", "120 tokens", "99 rows")),
    "tokens added beyond the embedding": (
        lambda directory: (directory / "tokenizer_config.json").write_text(
            json.dumps({"added_tokens_decoder": {"99": {"content": "<brand>"}}})
        ),
        ("vocab.txt", "100 tokens", "99 rows"),
    ),
    "absurd depth": (config(n_layers=10**9), ("n_layers is 1000000000",)),
    "a million layers": (config(n_layers=10**6), ("n_layers is 1000000", "at most 256")),
    "labels without end": (config(id2label=checkpoints.labels(200_000)), ("config.json", "bytes")),
    "label that clears the terminal": (
        config(id2label={"0": "\x1b[2J", "1": "B"}),
        ("'\\x1b[2J'", "Rename the label"),
    ),
    "positions by the million": (
        config(max_position_embeddings=10**7, sinusoidal_pos_embds=True),
        ("max_position_embeddings is 10000000",),
    ),
    "vocabulary without [CLS]": (
        lambda directory: (directory / "vocab.txt").write_text("[PAD]\n[UNK]\n[SEP]\na\n"),
        ("vocab.txt", "'[CLS]', the cls_token, is 0 of its lines"),
    ),
    "pipe for a tokenizer": (
        lambda directory: os.mkfifo(directory / "tokenizer.json"),
        ("tokenizer.json", "not a regular file"),
    ),
    "pipe that nothing needs": (
        lambda directory: os.mkfifo(directory / "chat_template.jinja"),
        ("chat_template.jinja", "not a regular file"),
    ),
    "deep config": (replace_by("config.json", b"[" * 100_000), ("config.json", "JSON")),
    "damaged tokenizer": (
        lambda directory: (directory / "tokenizer.json").write_text("{}"),
        ("tokenizer.json", "its model is None", "WordPiece"),
    ),
}


@pytest.fixture(autouse=True)
def ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports that are free: those in use are refused before a checkpoint is opened."""
    port, metrics_port = free_ports(2)
    monkeypatch.setenv("MAX_SERVE_PORT", str(port))
    monkeypatch.setenv(METRICS_PORT, str(metrics_port))


@pytest.mark.parametrize("name", CASES)
def test_bad_checkpoint(
    checkpoint: Callable[..., Path], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    damage, expected = CASES[name]
    directory = checkpoint()
    damage(directory)
    start = time.monotonic()
    assert main(["serve", "--model", str(directory)]) == 1
    assert time.monotonic() - start < 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert len(message) < 500
    for part in (str(directory), *expected):
        assert part in message


def test_directory_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "fine", "--model", "/no/such/directory"]) == 1
    assert "/no/such/directory: no such directory" in capsys.readouterr().err


def test_vocabulary_far_smaller_than_the_embedding(
    checkpoint: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    directory = checkpoint(vocab_size=2000)
    other_vocabulary(99)(directory)
    assert main(["serve", "--model", str(directory)]) == 1
    assert "99 tokens" in capsys.readouterr().err


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("shards", [1, 3])
def test_good_checkpoints(checkpoint: Callable[..., Path], dtype: str, shards: int) -> None:
    directory = checkpoint()
    found = checkpoints.random_tensors(checkpoints.random_config())
    if shards == 1:
        checkpoints.save_safetensors(directory / "model.safetensors", found, dtype)
    else:
        (directory / "model.safetensors").unlink()
        checkpoints.save_shards(directory, found, shards, dtype)
    inspected = inspect_checkpoint(directory, FAMILIES)
    assert inspected.dtypes == {dtype}
    assert len(inspected.weight_files) == shards


@pytest.mark.slow
def test_max_serve_prints_the_same_message(checkpoint: Callable[..., Path]) -> None:
    directory = checkpoint()
    tensors(poison(np.nan))(directory)
    ended = run(
        Path(sys.executable).with_name("max"),
        *("serve", "--model", directory),
        *("--custom-architectures", PACKAGE, "--devices", "cpu"),
        environment={"OTEL_SDK_DISABLED": "true", "HF_HUB_OFFLINE": "1"},
    )
    assert ended.returncode == 1
    last = ended.stderr.strip().splitlines()[-1]
    assert QUERY in last
    assert "NaN" in last
