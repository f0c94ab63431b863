"""The word list of this project: it has no model and reads text in place of tokens.

Its two "logits" are the score with either sign, so that a positive score is a positive label.

Options:
    word_list: Name of an embedded word list, ``mvp-29`` by default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.engines.engine import Batch, Engine, Precision

ENVIRONMENT = "product"


class Lexicon(Engine):
    """The scorer with one of the embedded word lists."""

    reads: ClassVar[Literal["tokens", "texts"]] = "texts"
    precision: Precision = "none"

    def __init__(self, name: str) -> None:
        from distilbert_sentiment_arch.lexicon.scorer import score
        from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

        self._score = score
        self._word_list = embedded_word_list(name)
        self.settings = {"word_list": name}

    def prepare(self, batch: Batch) -> Sequence[str]:
        """Returns the texts."""
        return batch.texts

    def run(self, prepared: Sequence[str]) -> npt.NDArray[np.float32]:
        """Scores the texts one by one."""
        sums = np.array([self._score(text, self._word_list).sum for text in prepared])
        return np.column_stack([-sums, sums]).astype(np.float32)


def load(checkpoint: Path, threads: int, cache: Path, options: Mapping[str, Any]) -> Lexicon:
    """See ``Load``."""
    del checkpoint, threads, cache
    return Lexicon(str(options.get("word_list", "mvp-29")))
