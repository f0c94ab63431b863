"""Passes of one engine on an accelerator; ``scripts/accelerator.py`` runs it for each.

    PYTHON scripts/accelerator_passes.py ENGINE PRECISION CHECKPOINT INPUTS

It imports nothing of the product but for the engine ``max-sentiment``, so that the environment of
another engine needs nothing but that engine. INPUTS is an ``.npz`` file: of each workload its token
ids, one sequence behind the other, and where each starts. Prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

WARM_UP_S = 1.0
MEASURED_S = 3.0
LEAST_PASSES = 20

Ids = npt.NDArray[np.int64]
Run = Callable[[Ids, Ids], npt.NDArray[np.float32]]
"""Computes logits, ``(sequences, labels)``, of token ids and where each sequence starts."""


def max_sentiment(checkpoint: str, precision: str) -> tuple[Run, Mapping[str, Any]]:
    """Loads the product on the first accelerator."""
    from importlib.metadata import version

    from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
    from distilbert_sentiment_arch.classify.token_sequence import single_segment
    from distilbert_sentiment_arch.engine.device_choice import DeviceChoice
    from distilbert_sentiment_arch.engine.in_process import load_model
    from distilbert_sentiment_arch.families.registry import FAMILIES

    found = find_checkpoint(checkpoint, FAMILIES)
    model = load_model(
        found, DeviceChoice("gpu", 0), "bfloat16" if precision != "float32" else "float32"
    )

    def run(ids: Ids, starts: Ids) -> npt.NDArray[np.float32]:
        return model.logits([single_segment(each) for each in np.split(ids, starts[1:-1])])

    return run, {"max": version("max"), "computed": model.precision.reason}


def padded(ids: Ids, starts: Ids) -> tuple[Ids, Ids]:
    """Returns rows of one length and their mask, int64 ``(sequences, longest)``."""
    lengths = np.diff(starts)
    mask = np.arange(lengths.max()) < lengths[:, np.newaxis]
    rows = np.zeros(mask.shape, np.int64)
    rows[mask] = ids
    return rows, mask.astype(np.int64)


def pytorch(checkpoint: str, precision: str) -> tuple[Run, Mapping[str, Any]]:
    """Loads transformers' model on CUDA, compiled by PyTorch, with its scaled dot product."""
    import torch
    import transformers

    torch.set_float32_matmul_precision("highest")  # no TF32
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        checkpoint, dtype=getattr(torch, precision), attn_implementation="sdpa"
    )
    compiled = torch.compile(model.eval().to("cuda"), dynamic=True)

    def run(ids: Ids, starts: Ids) -> npt.NDArray[np.float32]:
        rows, mask = (torch.from_numpy(each).pin_memory() for each in padded(ids, starts))
        with torch.inference_mode():
            answer = compiled(
                input_ids=rows.to("cuda", non_blocking=True),
                attention_mask=mask.to("cuda", non_blocking=True),
            )
        result: npt.NDArray[np.float32] = answer.logits.float().cpu().numpy()
        return result

    return run, {"torch": torch.__version__, "transformers": transformers.__version__}


def onnxruntime(checkpoint: str, precision: str) -> tuple[Run, Mapping[str, Any]]:
    """Loads an ONNX file beside the checkpoint, ``model.onnx``, on CUDA."""
    import onnxruntime as runtime

    if precision != "float32":
        raise RuntimeError("the file is in float32")
    options = {"use_tf32": "0"}
    session = runtime.InferenceSession(
        str(Path(checkpoint) / "model.onnx"), providers=[("CUDAExecutionProvider", options)]
    )
    if session.get_providers()[0] != "CUDAExecutionProvider":
        raise RuntimeError("ONNX Runtime does not compute on CUDA here")

    def run(ids: Ids, starts: Ids) -> npt.NDArray[np.float32]:
        rows, mask = padded(ids, starts)
        (logits,) = session.run(None, {"input_ids": rows, "attention_mask": mask})
        result: npt.NDArray[np.float32] = logits
        return result

    return run, {"onnxruntime": runtime.__version__}


ENGINES: dict[str, Callable[[str, str], tuple[Run, Mapping[str, Any]]]] = {
    "max-sentiment": max_sentiment,
    "pytorch-compiled": pytorch,
    "onnxruntime-cuda": onnxruntime,
}


def milliseconds(run: Callable[[], object]) -> list[float]:
    """Returns what each pass took, once the first second of them is over."""
    end = time.perf_counter() + WARM_UP_S
    while time.perf_counter() < end:
        run()
    took: list[float] = []
    end = time.perf_counter() + MEASURED_S
    while time.perf_counter() < end or len(took) < LEAST_PASSES:
        start = time.perf_counter()
        run()
        took.append((time.perf_counter() - start) * 1000)
    return took


def device_megabytes() -> float | None:
    """Returns the memory that this process has on NVIDIA's first GPU; None if nobody says."""
    try:
        said = subprocess.run(
            ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    pairs = [line.split(",") for line in said.strip().splitlines() if "," in line]
    used = [float(size) for _, size in pairs]  # in a container the process has another number
    return max(used, default=None)


def main() -> int:
    """Measures one engine.

    Returns:
        The exit status.
    """
    engine, precision, checkpoint, inputs = sys.argv[1:]
    begun = time.perf_counter()
    run, versions = ENGINES[engine](checkpoint, precision)
    with np.load(inputs) as file:
        arrays = {name: file[name] for name in file.files}
    names = sorted(name.removesuffix("/ids") for name in arrays if name.endswith("/ids"))
    passes: dict[str, Any] = {}
    start_s = 0.0
    for name in names:
        ids, starts = arrays[f"{name}/ids"], arrays[f"{name}/starts"]
        logits = run(ids, starts)
        start_s = start_s or time.perf_counter() - begun
        took = milliseconds(lambda ids=ids, starts=starts: run(ids, starts))  # type: ignore[misc]
        passes[name] = {
            "median_ms": statistics.median(took),
            "p90_ms": statistics.quantiles(took, n=10)[-1],
            "passes": len(took),
            "tokens_per_second": len(ids) / statistics.median(took) * 1000,
            "logits": logits.tolist(),
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    memory = {"host_megabytes": peak, "device_megabytes": device_megabytes()}
    print(json.dumps({**versions, "start_s": start_s, **memory, "passes": passes}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
