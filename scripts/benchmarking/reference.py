"""Reference logits, computed by the float64 NumPy oracles that the tests use, too.

They are computed once for a checkpoint and a set of sequences, and cached.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib import import_module

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.models import BenchmarkModel

TOLERANCE = 1e-3
"""Largest difference of a logit that float32 engines may have before they are called wrong."""


def reference_logits(
    model: BenchmarkModel, sequences: Sequence[Sequence[int]]
) -> npt.NDArray[np.float64]:
    """Returns float64 logits ``(sequences, labels)``."""
    digest = hashlib.sha256(json.dumps([list(ids) for ids in sequences]).encode()).hexdigest()[:16]
    path = model.cache / f"reference-{digest}.npy"
    if path.exists():
        kept: npt.NDArray[np.float64] = np.load(path)
        return kept
    logits = _compute(model, sequences)
    np.save(path, logits)
    return logits


def _compute(model: BenchmarkModel, sequences: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
    from safetensors.numpy import load_file

    loaded = load_file(model.directory / "model.safetensors")
    tensors = {name: tensor.astype(np.float64) for name, tensor in loaded.items()}
    oracle = import_module(f"scripts.oracle.{model.config['model_type']}")
    rows = [oracle.logits(tensors, model.config, ids) for ids in sequences]
    return np.stack(rows)
