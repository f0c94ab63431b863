"""The graph of this project, compiled and initialised by the product's own pipeline.

MAX computes with one thread per core that the process may use, so the worker binds itself to as
many cores as there are threads.

Options:
    precision: ``float32`` (the default here), ``bfloat16x3``, ``bfloat16``, ``int8`` or ``auto``.
    kernels: False for MAX's own operations in place of our kernels.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.engines.engine import Batch, Engine, Precision

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.inputs import EncoderInputs
    from distilbert_sentiment_arch.settings.precision import PrecisionChoice

ENVIRONMENT = "product"


class MaxGraph(Engine):
    """The compiled graph, without tokenizer, pipeline and server around it."""

    def __init__(self, checkpoint: Path, threads: int, precision: str, *, kernels: bool) -> None:
        from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
        from distilbert_sentiment_arch.engine.in_process import load_model
        from distilbert_sentiment_arch.engine.model import KERNELS_SWITCH
        from distilbert_sentiment_arch.families.registry import FAMILIES
        from distilbert_sentiment_arch.settings.precision import PRECISION

        os.environ[PRECISION] = precision
        if not kernels:
            os.environ[KERNELS_SWITCH] = "off"
        self._checkpoint = checkpoint
        self._kernels = kernels
        model = load_model(find_checkpoint(str(checkpoint), FAMILIES))
        self._compute = model.compute
        choice: PrecisionChoice = model.precision
        if precision not in ("auto", choice.precision):
            raise RuntimeError(str(choice))
        self.precision = cast(Precision, choice.precision)
        self.settings = {
            "max": version("max"),
            "threads": f"{threads} (by affinity)",
            "kernels": kernels,
            "precision": str(choice),
        }

    def prepare(self, batch: Batch) -> EncoderInputs:
        """Returns the batch as the batch processor makes it."""
        from distilbert_sentiment_arch.classify.token_sequence import single_segment
        from distilbert_sentiment_arch.engine.inputs import pack_sequences

        rows = zip(batch.input_ids, batch.lengths, strict=True)
        return pack_sequences([single_segment(row[:length]) for row, length in rows])

    def run(self, prepared: EncoderInputs) -> npt.NDArray[np.float32]:
        """Executes the graph."""
        return self._compute(prepared)

    def operators(self, prepared: EncoderInputs) -> dict[str, float] | None:
        """Times the parts of the graph one by one, in float32."""
        batch = len(prepared.starts) - 1
        tokens = len(prepared.input_ids) // batch
        if self.precision != "float32":
            return None
        if self._kernels:
            from scripts.benchmarking.kernel_operators import time_kernels

            return time_kernels(self._checkpoint, batch, tokens)
        from scripts.benchmarking.max_operators import time_parts

        return time_parts(self._checkpoint, batch, tokens)


def load(checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]) -> MaxGraph:
    """See ``Load``."""
    del cache
    precision = str(options.get("precision", "float32"))
    return MaxGraph(checkpoint, threads, precision, kernels=bool(options.get("kernels", True)))
