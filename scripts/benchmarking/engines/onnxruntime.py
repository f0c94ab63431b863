"""ONNX Runtime on the CPU.

Threads, graph level and dynamic quantisation as its documentation recommends for transformers on a
CPU: https://onnxruntime.ai/docs/performance/tune-performance/threading.html (one pool of as many
threads as cores, no second pool), https://onnxruntime.ai/docs/performance/model-optimizations
(level ALL; dynamic quantisation, int8 weights without reduced range where there is VNNI).

Options:
    precision: ``float32`` or ``int8``.
    fused_attention: See ``onnx_model.write_onnx``.
    per_channel: Quantise each column of a weight by its own scale; on by default.
    spinning: Threads wait for work by spinning; on by default, as in ONNX Runtime.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.engines.engine import Batch, Engine, Precision
from scripts.benchmarking.onnx_file import onnx_file

ENVIRONMENT = "runtimes"


class OnnxRuntime(Engine):
    """A session of the CPU execution provider."""

    def __init__(
        self,
        model: Path,
        threads: int,
        precision: Precision,
        how: dict[str, Any],
        *,
        spinning: bool,
    ) -> None:
        import onnxruntime

        self._runtime = onnxruntime
        self._model, self._threads, self._spinning = model, threads, spinning
        self._session = self._make_session(None)
        self.precision = precision
        self.settings = {
            "onnxruntime": onnxruntime.__version__,
            "intra_op_num_threads": threads,
            "inter_op_num_threads": 1,
            "execution_mode": "sequential",
            "graph_optimization_level": "ORT_ENABLE_ALL",
            "intra_op.allow_spinning": "1 (the default)" if spinning else "0",
            **how,
        }

    def _make_session(self, profile: Path | None) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.execution_mode = self._runtime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = self._runtime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.log_severity_level = 3
        if not self._spinning:
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if profile is not None:
            options.enable_profiling = True
            options.profile_file_prefix = str(profile)
        return self._runtime.InferenceSession(
            str(self._model), options, providers=["CPUExecutionProvider"]
        )

    def prepare(self, batch: Batch) -> dict[str, npt.NDArray[np.int64]]:
        """Returns the input arrays by name."""
        return {"input_ids": batch.input_ids, "attention_mask": batch.mask}

    def run(self, prepared: dict[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
        """Runs the session."""
        (logits,) = self._session.run(None, prepared)
        result: npt.NDArray[np.float32] = logits
        return result

    def operators(self, prepared: dict[str, npt.NDArray[np.int64]]) -> dict[str, float]:
        """Sums the events of ONNX Runtime's own profiler over twenty runs."""
        session = self._make_session(self._model.with_suffix(".profile"))
        runs = 20
        for _ in range(runs):
            session.run(None, prepared)
        path = Path(session.end_profiling())
        microseconds: Counter[str] = Counter()
        for event in json.loads(path.read_text(encoding="utf-8")):
            if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
                microseconds[event["args"]["op_name"]] += event["dur"]
        path.unlink()
        return {name: total / runs / 1000 for name, total in microseconds.most_common()}


def load(checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]) -> OnnxRuntime:
    """See ``Load``."""
    precision: Precision = options.get("precision", "float32")
    fused = bool(options.get("fused_attention", False))
    model = onnx_file(checkpoint, cache, fused_attention=fused)
    how: dict[str, Any] = {"fused_attention": fused}
    if precision == "int8":
        per_channel = bool(options.get("per_channel", True))
        how |= {"quantize_dynamic": {"weight_type": "QInt8", "per_channel": per_channel}}
        quantised = model.with_suffix(f".int8-{'channel' if per_channel else 'tensor'}.onnx")
        if not quantised.exists():
            _quantise(model, quantised, per_channel=per_channel)
        model = quantised
    spinning = bool(options.get("spinning", True))
    return OnnxRuntime(model, threads, precision, how, spinning=spinning)


def _quantise(source: Path, target: Path, *, per_channel: bool) -> None:
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=per_channel,
        # Shape inference does not know the result type of com.microsoft.Attention.
        extra_options={"DefaultTensorType": TensorProto.FLOAT},
    )
