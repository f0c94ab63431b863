"""OpenVINO on the CPU.

As https://docs.openvino.ai/2026/openvino-workflow/running-inference/optimize-inference.html
recommends for one request at a time: the performance hint LATENCY. Without a given inference
precision it uses bfloat16 on CPUs that support it.

Options:
    precision: ``float32``, or ``default`` for OpenVINO's own choice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.engines.engine import Batch, Engine, Precision
from scripts.benchmarking.onnx_file import onnx_file

ENVIRONMENT = "runtimes"
PRECISIONS: dict[str, Precision] = {"f32": "float32", "float32": "float32", "bf16": "bfloat16"}


class OpenVino(Engine):
    """A compiled model and one inference request."""

    def __init__(self, model: Path, threads: int, precision: str) -> None:
        import openvino

        self._core = openvino.Core()
        self._model = self._core.read_model(str(model))
        self._config: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
        }
        if precision != "default":
            self._config["INFERENCE_PRECISION_HINT"] = "f32"
        compiled = self._core.compile_model(self._model, "CPU", self._config)
        self._request = compiled.create_infer_request()
        chosen = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.precision = PRECISIONS[chosen]
        self.settings = {
            "openvino": openvino.__version__,
            **self._config,
            "inference precision in use": chosen,
            "streams in use": compiled.get_property("NUM_STREAMS"),
        }

    def prepare(self, batch: Batch) -> dict[str, npt.NDArray[np.int64]]:
        """Returns the inputs."""
        return {"input_ids": batch.input_ids, "attention_mask": batch.mask}

    def run(self, prepared: dict[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
        """Runs the request; its inputs are read in place."""
        results = self._request.infer(prepared, share_inputs=True, share_outputs=True)
        logits: npt.NDArray[np.float32] = results[0].copy()
        return logits

    def operators(self, prepared: dict[str, npt.NDArray[np.int64]]) -> dict[str, float]:
        """Sums OpenVINO's own profiling information over twenty runs."""
        compiled = self._core.compile_model(
            self._model, "CPU", {**self._config, "PERF_COUNT": True}
        )
        request = compiled.create_infer_request()
        runs = 20
        milliseconds: Counter[str] = Counter()
        for _ in range(runs):
            request.infer(prepared)
            for node in request.get_profiling_info():
                milliseconds[node.node_type] += node.real_time.total_seconds() * 1000
        return {name: total / runs for name, total in milliseconds.most_common() if total}


def load(checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]) -> OpenVino:
    """See ``Load``."""
    model = onnx_file(checkpoint, cache)
    return OpenVino(model, threads, str(options.get("precision", "default")))
