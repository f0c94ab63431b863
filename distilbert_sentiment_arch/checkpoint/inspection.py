"""Inspection of a whole checkpoint directory before it is served."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.classifier_config import (
    ClassifierConfig,
    read_config_file,
)
from distilbert_sentiment_arch.checkpoint.family import Families
from distilbert_sentiment_arch.checkpoint.files import (
    CONFIG_LIMIT,
    check_kinds,
    is_present,
    read_json,
)
from distilbert_sentiment_arch.checkpoint.quantized_tensors import INTEGERS, REMEDY
from distilbert_sentiment_arch.checkpoint.tensors import check_tensors, weight_files
from distilbert_sentiment_arch.checkpoint.tokenizer_files import check_tokenizer
from distilbert_sentiment_arch.errors import (
    CheckpointError,
    CheckpointNotFound,
    ConfigError,
    TensorError,
)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that passed every check.

    Attributes:
        directory: Its directory.
        config: Content of its ``config.json``.
        weight_files: Its safetensors files.
        dtypes: The dtypes of its tensors but scales, as safetensors spells them.
    """

    directory: Path
    config: ClassifierConfig
    weight_files: tuple[Path, ...]
    dtypes: frozenset[str]


def inspect_checkpoint(directory: Path, families: Families) -> Checkpoint:
    """Reads and checks configuration, weights and tokenizer of a checkpoint.

    Args:
        directory: Directory of the checkpoint.
        families: Supported families.

    Raises:
        CheckpointError: The first problem found; the message names the file, the tensor if there
            is one, and the remedy.
    """
    if not os.path.isdir(directory):
        raise CheckpointNotFound(
            f"{directory}: no such directory. Pass --model a checkpoint directory or a hub id."
        )
    check_kinds(directory, CheckpointError)
    if is_present(directory / "generation_config.json"):
        # A classifier does not need it, but MAX reads it.
        read_json(directory / "generation_config.json", CONFIG_LIMIT, ConfigError)
    config = read_config_file(directory, families)
    files = weight_files(directory)
    family = config.family
    specs = family.tensor_specs(config.encoder)
    dtypes = check_tensors(files, specs, family.architecture, family.dropped)
    if config.quantized != (INTEGERS in dtypes):
        raise TensorError(
            f"{directory}: config.json has {'a' if config.quantized else 'no'} quantization_config "
            f"and {'no' if config.quantized else 'a'} tensor is {INTEGERS}: the two files are not "
            f"of one checkpoint. {REMEDY}"
        )
    check_tokenizer(directory, config.encoder.vocab_size)
    return Checkpoint(directory, config, files, dtypes)
