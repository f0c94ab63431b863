"""Reference logits in float64: of the NumPy oracles that the tests use, too, or of transformers.

They are computed once for a checkpoint and a set of sequences, and cached. A family without an
oracle of its own is computed by Hugging Face transformers, in the environment that has it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.environments import interpreter, process_environment
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.models import BenchmarkModel
from scripts.benchmarking.paths import ROOT

TOLERANCE = 1e-3
"""Largest difference of a logit that engines in float32 or bfloat16x3 may have before they are
called wrong."""

SPREAD_TOLERANCE: Mapping[str, float] = {"bfloat16": 0.05, "int8": 0.2}
"""The same by precision, as a share of the distance between the reference's extreme logits."""

LEAST_AGREEMENT: Mapping[str, float] = {"bfloat16": 0.97, "int8": 0.95}
"""Share of labels that have to be the reference's, by precision, for trained models."""


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


def why_wrong(
    precision: str, difference: float | None, spread: float, agreement: float, *, trained: bool
) -> str | None:
    """Returns why answers are outside the bounds of an engine's precision; None if they are within.

    Args:
        precision: Precision of the engine.
        difference: Largest difference of a logit from the reference; None without logits.
        spread: Distance between the largest and the smallest logit of the reference.
        agreement: Share of labels equal to the reference's.
        trained: Whether the labels of the model mean something.
    """
    if precision == "none":
        return None
    allowed = SPREAD_TOLERANCE[precision] * spread if precision in SPREAD_TOLERANCE else TOLERANCE
    if difference is None or not difference <= allowed:
        shown = "no number" if difference is None else f"{difference:.1e}"
        return f"its logits differ from the reference's by {shown}; {allowed:.0e} is allowed"
    least = LEAST_AGREEMENT.get(precision, 0.0)
    if trained and agreement < least:
        return f"{agreement:.1%} of its labels are the reference's; {least:.0%} have to be"
    return None


def _compute(model: BenchmarkModel, sequences: Sequence[Sequence[int]]) -> npt.NDArray[np.float64]:
    from safetensors.numpy import load_file

    oracle = f"scripts.oracle.{model.config['model_type'].replace('-', '_')}"
    if find_spec(oracle) is None:
        return _hugging_face(model, sequences)
    loaded = load_file(model.directory / "model.safetensors")
    tensors = {name: tensor.astype(np.float64) for name, tensor in loaded.items()}
    logits = import_module(oracle).logits
    return np.stack([logits(tensors, model.config, ids) for ids in sequences])


def _hugging_face(
    model: BenchmarkModel, sequences: Sequence[Sequence[int]]
) -> npt.NDArray[np.float64]:
    """Returns the logits of transformers in float64, one sequence at a time.

    Raises:
        NotAvailable: Its environment cannot be installed.
        BenchmarkError: It cannot load the checkpoint.
    """
    ended = subprocess.run(
        [interpreter("torch"), "-m", "scripts.benchmarking.transformers_logits", model.directory],
        cwd=ROOT,
        env=process_environment(),
        input=json.dumps([list(ids) for ids in sequences]),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BenchmarkError(
            f"{model.name}: transformers did not compute the reference: {ended.stderr[-500:]}"
        )
    return np.array(json.loads(ended.stdout.splitlines()[-1]), dtype=np.float64)
