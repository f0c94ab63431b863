"""Damaged quantised checkpoints: what is said of them before MAX starts, and in the worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from max.dtype import DType
from max.graph.weights import load_weights
from safetensors.numpy import load_file, save_file

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.checkpoint.inspection import inspect_checkpoint
from distilbert_sentiment_arch.checkpoint.quantized_checkpoint import write_quantized
from distilbert_sentiment_arch.engine.graph_weights import convert
from distilbert_sentiment_arch.errors import TensorError
from distilbert_sentiment_arch.families.registry import FAMILIES

QUERY = "distilbert.transformer.layer.1.attention.q_lin.weight"
QUERY_SCALE = f"{QUERY}_scale"

Tensors = dict[str, np.ndarray]

Edit = Callable[[Tensors], Any]


def with_first_scale(value: float) -> Edit:
    def edit(tensors: Tensors) -> None:
        tensors[QUERY_SCALE][0] = value

    return edit


DAMAGED: dict[str, tuple[Edit, tuple[str, ...]]] = {
    "no scales": (
        lambda tensors: tensors.pop(QUERY_SCALE),
        (QUERY, "its scales", "missing"),
    ),
    "scales without values": (
        lambda tensors: tensors.pop(QUERY),
        (QUERY_SCALE, "holds scales", "missing"),
    ),
    "scales of floats": (
        lambda tensors: tensors.update({QUERY: tensors[QUERY].astype(np.float32)}),
        (QUERY_SCALE, "'F32', not I8"),
    ),
    "unsigned values": (
        lambda tensors: tensors.update({QUERY: tensors[QUERY].view(np.uint8)}),
        (QUERY, "'U8'", "I8 being what `max-sentiment quantize` writes"),
    ),
    "too few scales": (
        lambda tensors: tensors.update({QUERY_SCALE: tensors[QUERY_SCALE][:31].copy()}),
        (QUERY_SCALE, "[31]", "[32]"),
    ),
    "a column of scales": (
        lambda tensors: tensors.update({QUERY_SCALE: tensors[QUERY_SCALE].reshape(-1, 1)}),
        (QUERY_SCALE, "[32, 1]", "[32]"),
    ),
    "half-precision scales": (
        lambda tensors: tensors.update({QUERY_SCALE: tensors[QUERY_SCALE].astype(np.float16)}),
        (QUERY_SCALE, "F16", "F32"),
    ),
    "too few rows": (
        lambda tensors: tensors.update(
            {QUERY: tensors[QUERY][:31].copy(), QUERY_SCALE: tensors[QUERY_SCALE][:31].copy()}
        ),
        (QUERY, "[31, 32]", "[32, 32]"),
    ),
    "a quantised bias": (
        lambda tensors: tensors.update({"classifier.bias": np.ones(2, np.int8)}),
        ("'classifier.bias'", "only matrices"),
    ),
    "a scale of NaN": (with_first_scale(np.nan), (QUERY_SCALE, "row 0", "nan")),
    "an infinite scale": (with_first_scale(np.inf), (QUERY_SCALE, "row 0", "inf")),
    "a scale of zero": (with_first_scale(0), (QUERY_SCALE, "row 0", "is 0")),
    "a negative scale": (with_first_scale(-0.5), (QUERY_SCALE, "row 0", "-0.5")),
    "a scale that makes infinite weights": (with_first_scale(3e38), (QUERY_SCALE, "3e+38")),
}


def quantised(checkpoint: Callable[..., Path]) -> Path:
    """Returns a quantised random checkpoint."""
    found = inspect_checkpoint(checkpoint(), FAMILIES)
    output = found.directory.with_name("quantised")
    write_quantized(found, output, FAMILIES)
    return output


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_checkpoint(checkpoint: Callable[..., Path], name: str) -> None:
    edit, expected = DAMAGED[name]
    directory = quantised(checkpoint)
    path = directory / "model.safetensors"
    tensors = load_file(path)
    edit(tensors)
    save_file(tensors, path)
    with pytest.raises(TensorError) as caught:
        inspect_checkpoint(directory, FAMILIES)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message) < 500
    for part in expected:
        assert part in message
    # The weights of a hub checkpoint are seen by the model worker alone.
    config = read_config_file(directory, FAMILIES)
    specs = config.family.tensor_specs(config.encoder)
    with pytest.raises(TensorError):
        convert(
            dict(load_weights([path]).items()), specs, config.family.architecture, DType.float32
        )


def test_values_that_are_cut_off(checkpoint: Callable[..., Path]) -> None:
    directory = quantised(checkpoint)
    path = directory / "model.safetensors"
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(TensorError, match="cut short"):
        inspect_checkpoint(directory, FAMILIES)
