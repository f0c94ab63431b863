"""Classification of texts with ONNX Runtime, in batches of similar length; for ``*_app.py``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from scripts.benchmarking.engines.engine import Batch
from scripts.benchmarking.engines.onnxruntime import load
from scripts.benchmarking.servers.server import MAX_BATCH, Launch

MOST_TOKENS = 512

MOST_PADDING = 0.1
"""Tokens that may be padding, as a share of the real ones: a batch is computed at the length of its
longest text, which makes batches of very different texts slower than the same texts one by one."""


class BatchedTexts:
    """A tokenizer and a session."""

    def __init__(self, launch: Launch) -> None:
        self._tokenizer = Tokenizer.from_file(str(launch.checkpoint / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._engine = load(launch.checkpoint, launch.threads, launch.cache, launch.options)

    def labels(self, texts: Sequence[str]) -> list[int]:
        """Returns the label of each text, in order."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]
        found = [0] * len(ids)
        for part in similar_lengths([len(each) for each in ids]):
            lengths = np.array([len(ids[index]) for index in part], dtype=np.int64)
            rows = np.zeros((len(part), int(lengths.max())), dtype=np.int64)
            for row, index in zip(rows, part, strict=True):
                row[: len(ids[index])] = ids[index]
            logits = self._engine.run(self._engine.prepare(Batch(rows, lengths)))
            for index, label in zip(part, logits.argmax(-1).tolist(), strict=True):
                found[index] = label
        return found


def similar_lengths(lengths: Sequence[int]) -> list[list[int]]:
    """Returns indices in batches with little padding, ``MAX_BATCH`` at most, short texts first."""
    parts: list[list[int]] = []
    real = 0
    for index in sorted(range(len(lengths)), key=lambda each: lengths[each]):
        length = lengths[index]
        padded = (len(parts[-1]) + 1) * length if parts else 0
        fits = padded <= (1 + MOST_PADDING) * (real + length)
        if parts and fits and len(parts[-1]) < MAX_BATCH:
            parts[-1].append(index)
            real += length
        else:
            parts.append([index])
            real = length
    return parts
