"""The ONNX model of a checkpoint: written by hand where ``onnx_model`` can, otherwise exported.

The export is that of ``torch.onnx`` from transformers' own model, in the environment that has both.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.environments import interpreter, process_environment
from scripts.benchmarking.onnx_model import why_not, write_onnx
from scripts.benchmarking.paths import ROOT


def onnx_file(checkpoint: Path, cache: Path, *, fused_attention: bool = False) -> Path:
    """Returns the float32 model, made if it is not there yet.

    Its inputs are ``input_ids`` and ``attention_mask``, its output ``logits``; see ``write_onnx``.

    Args:
        checkpoint: The checkpoint.
        cache: Where the file is kept.
        fused_attention: See ``write_onnx``; only what is written by hand can have it.

    Raises:
        NotAvailable: The environment of the export cannot be installed.
        RuntimeError: The export failed.
    """
    if fused_attention or why_not(read_config_file(checkpoint, FAMILIES).encoder) is None:
        path = cache / ("fused.onnx" if fused_attention else "separate.onnx")
        if not path.exists():
            write_onnx(checkpoint, path, fused_attention=fused_attention)
        return path
    path = cache / "exported.onnx"
    if not path.exists():
        _export(checkpoint, path)
    return path


def _export(checkpoint: Path, path: Path) -> None:
    unfinished = path.with_suffix(".unfinished")
    ended = subprocess.run(
        [
            interpreter("torch"),
            "-m",
            "scripts.benchmarking.onnx_export",
            str(checkpoint),
            str(unfinished),
        ],
        cwd=ROOT,
        env=process_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"{checkpoint} was not exported: {ended.stderr.strip()[-500:]}")
    unfinished.rename(path)
