"""Figures of the first accelerator: passes against PyTorch and ONNX Runtime, parity, memory, start.

    .venv/bin/python -m scripts.accelerator --out accelerator.json
        [--torch-python PYTHON] [--onnxruntime-python PYTHON] [--model DIRECTORY|HUB_ID]

Run it on a machine with a GPU and nothing else to do. It writes a JSON file with, for each engine
and precision: milliseconds of passes of several shapes, how far the logits are from Hugging Face's
in float32 on the CPU, memory, and seconds from the first import to the first logits. Each engine
runs in a process of its own; the two others in a Python that has them (``pip install torch
transformers`` and ``pip install onnxruntime-gpu``), and are listed as not run where none is named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import find_accelerators
from scripts.benchmarking.onnx_file import onnx_file

PASSES = Path(__file__).with_name("accelerator_passes.py")

SHAPES: dict[str, Sequence[int]] = {
    "1x32": [32],
    "1x512": [512],
    "8x128": [128] * 8,
    "32x128": [128] * 32,
    "mixed 64": [5 + 3 * step for step in range(64)],
    "mixed 16384": [16 * step for step in range(1, 33)] + [128] * 62,
}
"""Lengths of the sequences of each workload, by its name."""

TIMEOUT_S = 1800

ENGINES = (
    ("max-sentiment", "float32"),
    ("max-sentiment", "bfloat16"),
    ("pytorch-compiled", "float32"),
    ("pytorch-compiled", "bfloat16"),
    ("onnxruntime-cuda", "float32"),
)


def main() -> int:
    """Measures all engines that are here and writes the figures.

    Returns:
        The exit status: 1 where MAX finds no accelerator.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")
    parser.add_argument("--model", help="default: the embedded checkpoint")
    parser.add_argument("--torch-python", help="a Python with torch (CUDA) and transformers")
    parser.add_argument("--onnxruntime-python", help="a Python with onnxruntime-gpu")
    options = parser.parse_args()
    asked = find_accelerators()
    if not asked.found:
        print(f"no accelerator: {asked.error or 'MAX finds none'}", file=sys.stderr)
        return 1
    pythons = {
        "max-sentiment": sys.executable,
        "pytorch-compiled": options.torch_python,
        "onnxruntime-cuda": options.onnxruntime_python,
    }
    found = find_checkpoint(options.model, FAMILIES)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        inputs = directory / "inputs.npz"
        write_inputs(inputs, found.checkpoint.config.encoder.vocab_size)
        checkpoint = with_onnx(found, directory)
        results = [
            measure(pythons[engine], engine, precision, checkpoint, inputs)
            for engine, precision in ENGINES
        ]
        expected = on_the_cpu(found, inputs)
    for result in results:
        add_parity(result, expected)
    report = {
        "machine": {
            "accelerator": asdict(asked.found[0]),
            "processor": platform.processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
        "checkpoint": found.name,
        "results": results,
    }
    options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for result in results:
        print(row(result))
    return 0


def write_inputs(path: Path, vocabulary: int) -> None:
    """Writes random token ids of each workload."""
    generator = np.random.default_rng(0)
    arrays: dict[str, npt.NDArray[np.int64]] = {}
    for name, lengths in SHAPES.items():
        arrays[f"{name}/ids"] = generator.integers(vocabulary // 2, vocabulary, sum(lengths))
        arrays[f"{name}/starts"] = np.cumsum([0, *lengths])
    np.savez(path, **arrays)  # type: ignore[arg-type]  # names are strings


def with_onnx(found: NamedCheckpoint, directory: Path) -> Path:
    """Returns a directory with the checkpoint's files and, where it can be made, its ONNX file."""
    copy = directory / "checkpoint"
    copy.mkdir()
    for file in found.checkpoint.directory.iterdir():
        if file.is_file():
            (copy / file.name).symlink_to(file.resolve())
    try:
        (copy / "model.onnx").symlink_to(onnx_file(copy, directory))
    except Exception as error:  # it is then said of the engine that it did not run
        print(f"no ONNX file: {error}", file=sys.stderr)
    return copy


def measure(
    python: str | None, engine: str, precision: str, checkpoint: Path, inputs: Path
) -> dict[str, Any]:
    """Runs one engine in a process of its own."""
    result: dict[str, Any] = {"engine": engine, "precision": precision}
    if python is None:
        return result | {"not run": "no Python was named that has it"}
    environment = dict(os.environ) | {
        "PYTHONPATH": str(PASSES.parent.parent),
        "HF_HUB_OFFLINE": "1",
    }
    command = [python, str(PASSES), engine, precision, str(checkpoint), str(inputs)]
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return result | {"not run": str(error)}
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or ["it said nothing"]
        return result | {"not run": said[-1]}
    measured: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return result | measured


def on_the_cpu(found: NamedCheckpoint, inputs: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Returns the logits of each workload in float32 on the CPU, which tests hold against HF's."""
    from distilbert_sentiment_arch.classify.token_sequence import single_segment
    from distilbert_sentiment_arch.engine.in_process import load_model

    model = load_model(found, precision="float32")
    logits = {}
    with np.load(inputs) as file:
        for name in SHAPES:
            parts = np.split(file[f"{name}/ids"], file[f"{name}/starts"][1:-1])
            logits[name] = np.concatenate([model.logits([single_segment(each)]) for each in parts])
    return logits


def add_parity(result: dict[str, Any], expected: dict[str, npt.NDArray[np.float32]]) -> None:
    """Puts the difference of the logits in the place of the logits."""
    for name, each in result.get("passes", {}).items():
        difference = np.abs(np.array(each.pop("logits")) - expected[name])
        each["largest_difference"] = float(difference.max())
        each["mean_difference"] = float(difference.mean())


def row(result: dict[str, Any]) -> str:
    """Returns a line about an engine."""
    title = f"{result['engine']} {result['precision']}"
    if "not run" in result:
        return f"{title}: not run ({result['not run']})"
    passes = ", ".join(
        f"{name}: {each['median_ms']:.2f} ms" for name, each in result["passes"].items()
    )
    return f"{title}: {passes}; start {result['start_s']:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
