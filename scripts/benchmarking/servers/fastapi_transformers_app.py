"""The application of ``fastapi_transformers.py``."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.benchmarking.engines.transformers_pipeline import columns, text_classification
from scripts.benchmarking.servers.dynamic_batching_app import application
from scripts.benchmarking.servers.server import MAX_BATCH, Launch


class PipelineTexts:
    """``pipeline("text-classification")``, in batches of texts of similar length."""

    def __init__(self, launch: Launch) -> None:
        self._pipeline = text_classification(launch.checkpoint, launch.threads)
        self._columns = columns(self._pipeline)

    def labels(self, texts: Sequence[str]) -> list[int]:
        """Returns the label of each text, in order."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        answers = self._pipeline(
            [texts[index] for index in order], batch_size=MAX_BATCH, truncation=True
        )
        found = [0] * len(texts)
        for index, answer in zip(order, answers, strict=True):
            found[index] = self._columns[answer["label"]]
        return found


app = application(PipelineTexts)
