"""PyTorch through Hugging Face transformers, as their documentation runs a classifier on a CPU.

``inference_mode``, scaled dot-product attention, as many threads as cores; see
https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html.

Options:
    compile: Compile with Inductor, once for all shapes; off by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.engines.engine import Batch, Engine

ENVIRONMENT = "torch"


class PyTorch(Engine):
    """The model of transformers, eager or compiled."""

    def __init__(self, checkpoint: Path, threads: int, *, compiled: bool) -> None:
        import torch
        import transformers

        self._torch = torch
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(
            checkpoint, dtype=torch.float32, attn_implementation="sdpa"
        ).eval()
        self._model = torch.compile(model, dynamic=True) if compiled else model
        self.settings = {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "num_threads": threads,
            "attention": "sdpa",
            "compile": "inductor, dynamic=True" if compiled else "no (eager)",
        }

    def prepare(self, batch: Batch) -> dict[str, Any]:
        """Returns the keyword arguments of the model."""
        return {
            "input_ids": self._torch.from_numpy(batch.input_ids),
            "attention_mask": self._torch.from_numpy(batch.mask),
        }

    def run(self, prepared: dict[str, Any]) -> npt.NDArray[np.float32]:
        """Runs the model."""
        with self._torch.inference_mode():
            logits: npt.NDArray[np.float32] = self._model(**prepared).logits.numpy()
        return logits

    def operators(self, prepared: dict[str, Any]) -> dict[str, float]:
        """Sums the self time of PyTorch's own profiler over ten runs."""
        runs = 10
        with self._torch.profiler.profile() as profile:
            for _ in range(runs):
                self.run(prepared)
        averages = profile.key_averages()
        times = {each.key: each.self_cpu_time_total / runs / 1000 for each in averages}
        return dict(sorted(times.items(), key=lambda item: -item[1]))


def load(checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]) -> PyTorch:
    """See ``Load``."""
    del cache
    return PyTorch(checkpoint, threads, compiled=bool(options.get("compile", False)))
