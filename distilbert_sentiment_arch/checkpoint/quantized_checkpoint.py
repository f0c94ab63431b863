"""Writer of a quantised checkpoint: the linear layers of the blocks and the word embedding in int8.

docs/checkpoints.md has the layout. ``quantized_tensors`` checks it when it is read.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.config_json import QUANTIZATION
from distilbert_sentiment_arch.checkpoint.family import Families
from distilbert_sentiment_arch.checkpoint.files import (
    CONFIG_LIMIT,
    VOCABULARY_LIMIT,
    is_present,
    read_bytes,
    read_json,
)
from distilbert_sentiment_arch.checkpoint.inspection import Checkpoint, inspect_checkpoint
from distilbert_sentiment_arch.checkpoint.quantization import quantize_rows
from distilbert_sentiment_arch.checkpoint.quantized_tensors import INTEGERS, SCALE_SUFFIX, SCALES
from distilbert_sentiment_arch.checkpoint.tensor_specs import (
    canonical_name,
    not_finite,
    without_dropped,
)
from distilbert_sentiment_arch.checkpoint.tensor_values import read_floats
from distilbert_sentiment_arch.checkpoint.tensors import read_header
from distilbert_sentiment_arch.checkpoint.tokenizer_kinds import OLDER_FILES
from distilbert_sentiment_arch.errors import CheckpointError, ConfigError

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    *OLDER_FILES,
)
_DOCUMENTS = ("README*", "LICENSE*", "LICENCE*", "COPYING*", "NOTICE*")

_WORDS = "embeddings.word_embeddings.weight"
_BLOCKS = "encoder.layers."

Tensors = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Sizes:
    """Bytes of a quantised checkpoint's weights.

    Attributes:
        quantized: Those of its safetensors file.
        float32: Those of the same weights in float32.
    """

    quantized: int
    float32: int


def write_quantized(source: Checkpoint, output: Path, families: Families) -> Sizes:
    """Writes a quantised checkpoint; there is either all of it or nothing.

    Args:
        source: A float checkpoint.
        output: The directory to make.
        families: Supported families.

    Raises:
        CheckpointError: The directory exists or cannot be written, or the checkpoint is quantised
            already.
    """
    if is_present(output):
        raise CheckpointError(
            f"{output}: it exists, and nothing is overwritten. Name a directory that does not."
        )
    if source.config.quantized:
        raise ConfigError(
            f"{source.directory}: the checkpoint is quantised already. Pass the float checkpoint."
        )
    tensors, numbers = _quantized_tensors(source)
    aside = output.with_name(f".{output.name}.{secrets.token_hex(8)}")
    try:
        aside.mkdir()
        try:
            _write(aside, source.directory, tensors)
            inspect_checkpoint(aside, families)
            size = (aside / "model.safetensors").stat().st_size
            aside.rename(output)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    except OSError as error:
        raise CheckpointError(
            f"{output}: not written ({error.strerror or error}). Name a directory whose parent "
            "exists and has room."
        ) from None
    return Sizes(size, numbers * np.dtype(np.float32).itemsize)


def _quantized_tensors(source: Checkpoint) -> tuple[Tensors, int]:
    """Returns the tensors to write, and how many numbers the float checkpoint has."""
    config = source.config
    specs = config.family.tensor_specs(config.encoder)
    tensors: Tensors = {}
    numbers = 0
    for path in source.weight_files:
        stored = without_dropped(read_header(path), config.family.dropped, specs)
        for stored_name, entry in stored.items():
            name = canonical_name(stored_name)
            if name is None:
                continue
            values = read_floats(path, entry)
            numbers += values.size
            graph_name = specs[name].graph_name
            if not np.isfinite(values).all():
                raise not_finite(str(path), stored_name, graph_name)
            if graph_name == _WORDS or (graph_name.startswith(_BLOCKS) and values.ndim == 2):
                tensors[name], tensors[name + SCALE_SUFFIX] = quantize_rows(values)
            else:
                tensors[name] = _narrowed(values)
    return tensors, numbers


def _narrowed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    """Returns values in float16 where that changes none of them."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float16)
    return narrow if np.array_equal(narrow.astype(np.float32), values) else values


def _write(directory: Path, source: Path, tensors: Tensors) -> None:
    content = read_json(source / "config.json", CONFIG_LIMIT, ConfigError)
    content["quantization_config"] = dict(QUANTIZATION)
    (directory / "config.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for path in _copied(source):
        copy = read_bytes(path, VOCABULARY_LIMIT, CheckpointError)
        (directory / path.name).write_bytes(copy)
    _write_safetensors(directory / "model.safetensors", tensors)


def _copied(source: Path) -> Iterator[Path]:
    yield from filter(is_present, (source / name for name in _TOKENIZER_FILES))
    for pattern in _DOCUMENTS:
        yield from sorted(path for path in source.glob(pattern) if path.is_file())


def _write_safetensors(path: Path, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    dtypes = {"float32": SCALES, "float16": "F16", "int8": INTEGERS}
    # The widest first: with a padded header, each begins at a multiple of its own width.
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0]))
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, values in ordered:
        header[name] = {
            "dtype": dtypes[values.dtype.name],
            "shape": list(values.shape),
            "data_offsets": [offset, offset + values.nbytes],
        }
        offset += values.nbytes
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    with path.open("wb") as file:
        file.write(len(head).to_bytes(8, "little"))
        file.write(head)
        for _, values in ordered:
            little = values.astype(values.dtype.newbyteorder("<"), copy=False)
            file.write(np.ascontiguousarray(little).data)
        file.flush()
        os.fsync(file.fileno())
