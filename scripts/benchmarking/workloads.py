"""Workloads: fixed shapes and labelled texts, as the same tokens for every engine."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from scripts.benchmarking.config import CorpusConfig, parse_shape
from scripts.benchmarking.engines.engine import Batch
from scripts.benchmarking.errors import ConfigError
from scripts.benchmarking.paths import CORPUS

MOST_TOKENS = 512


@dataclass(frozen=True)
class LabelledText:
    """A text and its label, 1 for positive."""

    text: str
    label: int


@dataclass(frozen=True)
class Workload:
    """Batches that are timed as one pass.

    Attributes:
        name: ``8x32``, or ``CORPUS@BATCH``.
        family: The corpus, or its own name for a fixed shape.
        batches: In the order in which they are run.
        order: For each row, the index of its text in the corpus; empty for fixed shapes.
    """

    name: str
    family: str
    batches: Sequence[Batch]
    order: Sequence[int] = ()

    @property
    def sequences(self) -> int:
        """Total number of rows."""
        return sum(len(batch.lengths) for batch in self.batches)

    @property
    def tokens(self) -> int:
        """Total number of real tokens."""
        return int(sum(batch.lengths.sum() for batch in self.batches))

    def write(self, path: Path) -> None:
        """Writes the file that ``worker.Worker.prepare`` reads."""
        batches: list[dict[str, Any]] = [
            {
                "input_ids": batch.input_ids.tolist(),
                "lengths": batch.lengths.tolist(),
                "texts": list(batch.texts),
            }
            for batch in self.batches
        ]
        path.write_text(json.dumps(batches), encoding="utf-8")


def read_corpus(path: Path, limit: int = 0) -> list[LabelledText]:
    """Reads JSONL, or TSV with a header line, of ``text`` and ``label``.

    Args:
        path: The file; the suffix ``.tsv`` means TSV.
        limit: Number of texts to use, spread evenly over the file; 0 for all.

    Raises:
        ConfigError: A line has no text or no label.
    """
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        rows: Any = csv.DictReader(file, delimiter="\t") if path.suffix == ".tsv" else file
        for number, row in enumerate(rows, start=1):
            try:
                values = row if isinstance(row, dict) else json.loads(row)
                found.append(LabelledText(values["text"], int(values["label"])))
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigError(
                    f"{path}, text {number}: {error!r}; a line has a text and a label of 0 or 1."
                ) from None
    if 0 < limit < len(found):
        return [found[index * len(found) // limit] for index in range(limit)]
    return found


class Workloads:
    """Makes workloads with one tokenizer.

    Args:
        directory: The checkpoint.
        seed: Random seed of the fixed shapes.
        most_tokens: Longer texts are truncated.
    """

    def __init__(self, directory: Path, seed: int, most_tokens: int = MOST_TOKENS) -> None:
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(most_tokens)
        self._tokenizer.encode_special_tokens = True
        self._seed = seed

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """Returns token ids, special ones included, truncated."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def shape(self, name: str) -> Workload:
        """Returns a batch of a fixed shape: texts with exactly the given number of tokens."""
        rows, tokens = parse_shape(name)
        texts = [self.text_of(tokens, index) for index in range(rows)]
        return Workload(name, name, [pad(self.tokenize(texts), texts)])

    @cache  # noqa: B019  there are few of these, and they live as long as the run
    def _rows(self, count: int, tokens: int) -> list[list[int]]:
        texts = [each.text for each in read_corpus(CORPUS)]
        stream = [token for ids in self.tokenize(texts) for token in ids[1:-1]]
        generator = np.random.default_rng([self._seed, count, tokens])
        starts = generator.integers(0, len(stream) - tokens, count)
        return [stream[start : start + tokens - 2] for start in starts]

    def corpus(self, name: str, config: CorpusConfig, batch: int) -> Workload:
        """Returns a corpus in batches of texts of similar length, which need the least padding."""
        texts = [each.text for each in read_corpus(config.file, config.limit)]
        ids = self.tokenize(texts)
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        batches = [
            pad([ids[index] for index in part], [texts[index] for index in part])
            for part in (order[start : start + batch] for start in range(0, len(order), batch))
        ]
        return Workload(f"{name}@{batch}", name, batches, order)

    def text_of(self, tokens: int, index: int) -> str:
        """Returns a text of exactly so many tokens, special ones included; it depends on the index.

        It is made of consecutive tokens of the mixed corpus.
        """
        row = self._rows(256, tokens)[index % 256]
        common = self.tokenize([" the the"])[0][-2]
        for _ in range(tokens):
            text: str = self._tokenizer.decode(row)
            length = len(self.tokenize([text])[0])
            if length == tokens:
                return text
            # A cut word may be tokenized differently; common words make up the difference.
            row = row[: tokens - 2 - (length - tokens)] if length > tokens else [*row, common]
        raise AssertionError(f"no text of {tokens} tokens was found")


def pad(rows: Sequence[Sequence[int]], texts: Sequence[str] = ()) -> Batch:
    """Returns rows as one batch, padded on the right with zeros."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    input_ids = np.zeros((len(rows), int(lengths.max())), dtype=np.int64)
    for target, row in zip(input_ids, rows, strict=True):
        target[: len(row)] = row
    return Batch(input_ids, lengths, texts)
