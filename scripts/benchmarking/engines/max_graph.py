"""The graph of this project, compiled and initialised by the product's own pipeline.

MAX computes with one thread a core of those that the process may use, so the worker binds itself to
as many cores as there are threads.

Options:
    kernels: False for MAX's own operations in place of our kernels.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.engines.engine import Batch, Engine

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.model import DistilBertInputs

ENVIRONMENT = "product"


class MaxGraph(Engine):
    """The compiled graph, without tokenizer, pipeline and server around it."""

    def __init__(self, checkpoint: Path, threads: int, *, kernels: bool) -> None:
        from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
        from distilbert_sentiment_arch.engine.in_process import load_classifier
        from distilbert_sentiment_arch.engine.model import KERNELS_SWITCH, DistilBertInputs

        if not kernels:
            os.environ[KERNELS_SWITCH] = "off"
        self._checkpoint = checkpoint
        self._inputs = DistilBertInputs
        self._kernels = kernels
        classifier = load_classifier(find_checkpoint(str(checkpoint)))
        pipeline: Any = classifier._source._pipeline  # type: ignore[attr-defined]
        self._model = pipeline._pipeline_model
        self.settings = {
            "max": version("max"),
            "threads": f"{threads} (by affinity)",
            "kernels": kernels,
        }

    def prepare(self, batch: Batch) -> DistilBertInputs:
        """Returns the batch as the batch processor makes it."""
        rows = [row[:length] for row, length in zip(batch.input_ids, batch.lengths, strict=True)]
        return self._inputs(
            input_ids=np.concatenate(rows),
            starts=np.cumsum([0, *batch.lengths], dtype=np.int64),
            pad_token_id=0,
        )

    def run(self, prepared: DistilBertInputs) -> npt.NDArray[np.float32]:
        """Executes the graph."""
        logits: npt.NDArray[np.float32] = self._model.logits(prepared)
        return logits

    def operators(self, prepared: DistilBertInputs) -> dict[str, float]:
        """Times the parts of the graph one by one."""
        batch = len(prepared.starts) - 1
        tokens = len(prepared.input_ids) // batch
        if self._kernels:
            from scripts.benchmarking.kernel_operators import time_kernels

            return time_kernels(self._checkpoint, batch, tokens)
        from scripts.benchmarking.max_operators import time_parts

        return time_parts(self._checkpoint, batch, tokens)


def load(checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]) -> MaxGraph:
    """See ``Load``."""
    del cache
    return MaxGraph(checkpoint, threads, kernels=bool(options.get("kernels", True)))
