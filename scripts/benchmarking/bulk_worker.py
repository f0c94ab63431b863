"""The processes of ``benchmark bulk``: all texts of a dataset, by one way of scoring them.

    python -m scripts.benchmarking.bulk_worker max|max-bfloat16x3|transformers|onnxruntime

Requests are answered as ``worker.serve`` does. Each runs in the environment of its library, so this
module imports none before it is asked to load.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scripts.benchmarking.engines.engine import Batch
from scripts.benchmarking.worker import serve

if TYPE_CHECKING:
    from distilbert_sentiment_arch.settings.precision import Precision

MOST_TOKENS = 512
SAMPLE = 192
"""Texts on which the best size of a batch is chosen."""


class BulkWorker(ABC):
    """A loaded model and the texts to score.

    Attributes:
        texts: The texts.
        labels: Index of the label of each text, by the latest way that gave them.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.labels: list[int] = []

    def load(
        self, checkpoint: str, threads: int, cache: str, texts: str, first_core: int = 0
    ) -> dict[str, Any]:
        """Loads the checkpoint on as many cores as there are threads, and reads the texts."""
        cores = sorted(os.sched_getaffinity(0))[first_core : first_core + threads]
        os.sched_setaffinity(0, cores)
        lines = Path(texts).read_text(encoding="utf-8").splitlines()
        self.texts = [json.loads(line)["text"] for line in lines]
        return self.prepare(Path(checkpoint), threads, Path(cache), Path(texts))

    @abstractmethod
    def prepare(self, checkpoint: Path, threads: int, cache: Path, texts: Path) -> dict[str, Any]:
        """Loads the model and makes choices; returns settings for the report."""

    @abstractmethod
    def ways(self) -> dict[str, Callable[[], None]]:
        """Returns what can be timed, by name."""

    def time(self, way: str) -> dict[str, float]:
        """Scores all texts once; returns wall seconds, and those of this process's processors."""
        run = self.ways()[way]
        cpu, start = time.process_time(), time.perf_counter()
        run()
        return {
            "seconds": time.perf_counter() - start,
            "cpu_s": time.process_time() - cpu,
        }

    def labels_found(self) -> list[int]:
        """Returns the labels of the latest run."""
        return self.labels


class Max(BulkWorker):
    """This project: bare passes, the scorer alone, and the command's job from file to file."""

    precision: Precision = "float32"
    """What the model is computed in."""

    def prepare(self, checkpoint: Path, threads: int, cache: Path, texts: Path) -> dict[str, Any]:
        """Loads the model and writes the texts as a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from distilbert_sentiment_arch.bulk.options import ModelOptions
        from distilbert_sentiment_arch.bulk.rows import Window
        from distilbert_sentiment_arch.bulk.scoring.model_scorer import ModelScorer, scorer_of
        from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
        from distilbert_sentiment_arch.engine.in_process import load_model
        from distilbert_sentiment_arch.engine.inputs import pack_sequences
        from distilbert_sentiment_arch.families.registry import FAMILIES

        del threads, cache
        self._directory = texts.parent / f"max-{os.getpid()}"
        self._directory.mkdir()
        table = pa.table({"id": range(len(self.texts)), "text": self.texts})
        pq.write_table(table, self._directory / "texts.parquet")
        found = find_checkpoint(str(checkpoint), FAMILIES)
        model = load_model(found, precision=self.precision)
        if model.precision.precision != self.precision:
            raise RuntimeError(str(model.precision))
        scorer = scorer_of(model, ModelOptions(), "measured")
        assert isinstance(scorer, ModelScorer)
        self._scorer = scorer
        rows = 4096
        self._windows = [
            Window(table.slice(start, rows), part, [None] * len(part))
            for start in range(0, len(self.texts), rows)
            if (part := self.texts[start : start + rows])
        ]
        batches = list(scorer.batches(self._windows))
        self._inputs = [pack_sequences(batch) for batch in batches]
        self._compute = model.compute
        return {
            "precision": str(model.precision),
            "tokens": sum(len(each) for batch in batches for each in batch),
            "batches": len(batches),
        }

    def ways(self) -> dict[str, Callable[[], None]]:
        """See the class."""
        return {"passes": self._passes, "scorer": self._lists, "files": self._files}

    def _passes(self) -> None:
        for inputs in self._inputs:
            self._compute(inputs)

    def _lists(self) -> None:
        scored = [each.scores.best for each in self._scorer.score(self._windows)]
        self.labels = np.concatenate(scored).tolist()

    def _files(self) -> None:
        from distilbert_sentiment_arch.bulk.job.job import open_job
        from distilbert_sentiment_arch.bulk.job.task_run import run_task
        from distilbert_sentiment_arch.bulk.options import JobOptions

        output = self._directory / "scored"
        shutil.rmtree(output, ignore_errors=True)
        options = JobOptions((str(self._directory / "texts.parquet"),), str(output))
        with open_job(options, self._scorer.identity) as job:
            for task in job.tasks():
                run_task(task, self._scorer)
            job.finish()


class MaxSplit(Max):
    """This project in bfloat16x3, where the processor has units for it."""

    precision = "bfloat16x3"

    def ways(self) -> dict[str, Callable[[], None]]:
        """See the class."""
        return {"bfloat16x3": self._files, "scorer": self._lists}


class Transformers(BulkWorker):
    """The pipeline of Hugging Face transformers, at its best batch size."""

    def prepare(self, checkpoint: Path, threads: int, cache: Path, texts: Path) -> dict[str, Any]:
        """Loads the pipeline and tries batch sizes."""
        from scripts.benchmarking.engines.transformers_pipeline import text_classification

        del cache, texts
        self._pipeline = text_classification(checkpoint, threads)
        self._label_ids = self._pipeline.model.config.label2id
        self._batch = best((1, 4, 8, 16, 32), lambda size: self._run(self.texts[:SAMPLE], size))
        ordered = sorted(self.texts[:SAMPLE], key=len)
        self._sorted_batch = best((4, 8, 16, 32), lambda size: self._run(ordered, size))
        return {"batch_size": self._batch, "batch_size, sorted": self._sorted_batch}

    def ways(self) -> dict[str, Callable[[], None]]:
        """See the class."""
        return {"transformers": self._plain, "transformers-sorted": self._sorted}

    def _plain(self) -> None:
        self.labels = self._run(self.texts, self._batch)

    def _sorted(self) -> None:
        order = sorted(range(len(self.texts)), key=lambda index: len(self.texts[index]))
        found = self._run([self.texts[index] for index in order], self._sorted_batch)
        self.labels = [0] * len(order)
        for index, label in zip(order, found, strict=True):
            self.labels[index] = label

    def _run(self, texts: Sequence[str], batch_size: int) -> list[int]:
        found = self._pipeline(list(texts), batch_size=batch_size, truncation=True)
        return [self._label_ids[each["label"]] for each in found]


class OnnxRuntime(BulkWorker):
    """ONNX Runtime in float32: tokenized together, sorted by length, batches by padded tokens."""

    def prepare(self, checkpoint: Path, threads: int, cache: Path, texts: Path) -> dict[str, Any]:
        """Loads the session and tries sizes of batches, with attention fused and not."""
        from tokenizers import Tokenizer

        from scripts.benchmarking.engines.onnxruntime import load

        del texts
        self._tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)
        engines = {
            fused: load(checkpoint, threads, cache, {"fused_attention": fused})
            for fused in (False, True)
        }
        choices = [(fused, tokens) for fused in engines for tokens in (512, 2048, 8192)]

        def attempt(choice: tuple[bool, int]) -> object:
            self._engine, self._tokens = engines[choice[0]], choice[1]
            return self._run(self.texts[:SAMPLE])

        fused, self._tokens = best(choices, attempt)
        self._engine = engines[fused]
        return {**self._engine.settings, "batch_tokens": self._tokens}

    def ways(self) -> dict[str, Callable[[], None]]:
        """See the class."""
        return {"onnxruntime": self._all}

    def _all(self) -> None:
        self.labels = self._run(self.texts)

    def _run(self, texts: Sequence[str]) -> list[int]:
        from scripts.benchmarking.workloads import pad

        ids = [each.ids for each in self._tokenizer.encode_batch_fast(list(texts))]
        order = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
        labels = [0] * len(ids)
        start = 0
        while start < len(order):
            count = max(1, self._tokens // len(ids[order[start]]))
            places = order[start : start + count]
            batch: Batch = pad([ids[index] for index in places])
            logits = self._engine.run(self._engine.prepare(batch))
            for index, label in zip(places, logits.argmax(axis=1).tolist(), strict=True):
                labels[index] = label
            start += count
        return labels


def best(choices: Sequence[Any], run: Callable[[Any], object]) -> Any:
    """Returns the choice that takes the least time, the better one of two runs of each."""

    def seconds(choice: Any) -> float:
        start = time.perf_counter()
        run(choice)
        return time.perf_counter() - start

    return min(choices, key=lambda choice: min(seconds(choice), seconds(choice)))


WORKERS: dict[str, Callable[[], BulkWorker]] = {
    "max": Max,
    "max-bfloat16x3": MaxSplit,
    "transformers": Transformers,
    "onnxruntime": OnnxRuntime,
}

if __name__ == "__main__":
    serve(WORKERS[sys.argv[1]])
