"""The graph of this project, compiled and initialised by the product's own pipeline.

Options: none. MAX computes with one thread a core of those that the process may use, so the worker
binds itself to as many cores as there are threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarking.engines.engine import Batch, Engine

if TYPE_CHECKING:
    from max.driver import Buffer

ENVIRONMENT = "product"


class MaxGraph(Engine):
    """The compiled graph, without pipeline and server around it."""

    def __init__(self, checkpoint: Path, threads: int) -> None:
        from max.driver import Buffer

        from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
        from distilbert_sentiment_arch.loaded_model import load_classifier

        self._checkpoint = checkpoint
        self._to_buffer = Buffer.from_numpy
        self._classifier = load_classifier(find_checkpoint(str(checkpoint)))
        # The compiled model inside: what an answer costs without tokenizer, queue and padding.
        pipeline: Any = self._classifier._source._pipeline  # type: ignore[attr-defined]
        self._model = pipeline._pipeline_model.model
        self.settings = {"max": version("max"), "threads": f"{threads} (by affinity)"}

    def prepare(self, batch: Batch) -> tuple[Buffer, Buffer]:
        """Returns the graph's inputs."""
        return self._to_buffer(batch.input_ids), self._to_buffer(batch.lengths)

    def run(self, prepared: tuple[Buffer, Buffer]) -> npt.NDArray[np.float32]:
        """Executes the graph."""
        (output,) = self._model.execute(*prepared)
        logits: npt.NDArray[np.float32] = output.to_numpy()
        return logits

    def operators(self, prepared: tuple[Buffer, Buffer]) -> dict[str, float]:
        """Times the parts of the graph one by one."""
        from benchmarking.max_operators import time_parts

        batch, tokens = prepared[0].shape
        return time_parts(self._checkpoint, int(batch), int(tokens))


def load(checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]) -> MaxGraph:
    """See ``Load``."""
    del cache, options
    return MaxGraph(checkpoint, threads)
