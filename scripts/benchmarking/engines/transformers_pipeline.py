"""The pipeline of Hugging Face transformers with eager PyTorch, as in its documentation.

https://huggingface.co/docs/transformers/main_classes/pipelines: from texts to labels, so tokenizing
is part of what is timed. All scores are asked for as logits, to compare them with the reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.engines.engine import Batch, Engine

ENVIRONMENT = "torch"


class TransformersPipeline(Engine):
    """``pipeline("text-classification")`` on the CPU, in float32."""

    reads: ClassVar[Literal["tokens", "texts"]] = "texts"

    def __init__(self, checkpoint: Path, threads: int) -> None:
        import torch
        import transformers

        self._pipeline = text_classification(checkpoint, threads)
        self._columns = columns(self._pipeline)
        self.settings = {
            "transformers": transformers.__version__,
            "torch": torch.__version__,
            "num_threads": threads,
            "batch_size": "the rows of a pass",
            "timed": "tokenizing and labels, too",
        }

    def prepare(self, batch: Batch) -> Sequence[str]:
        """Returns the texts."""
        return list(batch.texts)

    def run(self, prepared: Sequence[str]) -> npt.NDArray[np.float32]:
        """Classifies the texts as one batch."""
        rows = self._pipeline(
            prepared,
            batch_size=len(prepared),
            truncation=True,
            top_k=None,
            function_to_apply="none",
        )
        logits = np.empty((len(rows), len(self._columns)), dtype=np.float32)
        for target, scores in zip(logits, rows, strict=True):
            for score in scores:
                target[self._columns[score["label"]]] = score["score"]
        return logits


def text_classification(checkpoint: Path, threads: int) -> Any:
    """Returns the pipeline of a checkpoint, computing with so many threads."""
    import torch
    import transformers

    torch.set_num_threads(threads)
    return transformers.pipeline(
        "text-classification", model=str(checkpoint), dtype=torch.float32, device="cpu"
    )


def columns(pipeline: Any) -> dict[str, int]:
    """Returns the column of each label of a pipeline."""
    return {label: column for column, label in pipeline.model.config.id2label.items()}


def load(
    checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]
) -> TransformersPipeline:
    """See ``Load``."""
    del cache, options
    return TransformersPipeline(checkpoint, threads)
