"""Measured checkpoints: the embedded one, random ones of published shapes, or a directory."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.errors import SentimentError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts.benchmarking.config import BASE_RANDOM, EMBEDDED
from scripts.benchmarking.errors import ConfigError
from scripts.benchmarking.paths import cache_directory
from scripts.benchmarking.random_models import RANDOM_MODELS
from scripts.checkpoints import random_tensors

BASE_CHANGES = {"dim": 768, "hidden_dim": 3072, "n_heads": 12, "n_layers": 6, "dtype": "float32"}


@dataclass(frozen=True)
class BenchmarkModel:
    """A checkpoint under measurement.

    Attributes:
        name: Its name in the configuration.
        directory: Its directory.
        config: Its ``config.json``.
        digest: First 16 characters of the SHA-256 of its weights.
        trained: Whether it is trained, so that its labels are meaningful.
    """

    name: str
    directory: Path
    config: dict[str, Any]
    digest: str
    trained: bool

    @property
    def cache(self) -> Path:
        """Directory of files derived from these weights."""
        directory = cache_directory() / "derived" / self.digest
        directory.mkdir(parents=True, exist_ok=True)
        return directory


def find_model(name: str) -> BenchmarkModel:
    """Finds a checkpoint, or writes a random one.

    Raises:
        ConfigError: It is not a checkpoint that this project serves.
    """
    directory = {EMBEDDED: DEFAULT_DIRECTORY}.get(name) or Path(name)
    is_random = name == BASE_RANDOM or name in RANDOM_MODELS
    try:
        if is_random:
            directory = cache_directory() / name
            if not (directory / "model.safetensors").exists():
                write = _write_random if name == BASE_RANDOM else RANDOM_MODELS[name].write
                write(directory)
        found = find_checkpoint(str(directory), FAMILIES).checkpoint
    except SentimentError as error:
        raise ConfigError(f"models: {name!r}: {error}") from None
    directory = found.directory  # of a hub id, where it was downloaded to
    digest = hashlib.sha256()
    for path in found.weight_files:
        digest.update(path.read_bytes())
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    return BenchmarkModel(
        name, directory.resolve(), config, digest.hexdigest()[:16], trained=not is_random
    )


def _write_random(directory: Path) -> None:
    """Writes a checkpoint of the shape of distilbert-base, with the embedded one's tokenizer.

    Weights are drawn so that products keep the scale of their inputs, as in trained models.
    """
    from safetensors.numpy import save_file

    directory.mkdir(parents=True, exist_ok=True)
    config = json.loads((DEFAULT_DIRECTORY / "config.json").read_text(encoding="utf-8"))
    (directory / "config.json").write_text(json.dumps(config | BASE_CHANGES), encoding="utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(DEFAULT_DIRECTORY / name, directory / name)
    tensors = random_tensors(config | BASE_CHANGES, seed=768)
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
