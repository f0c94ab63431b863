"""Rows of a dataset on their way: as read, and as scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.classify.interface import Route, TextPair

if TYPE_CHECKING:
    import pyarrow as pa

ANSWER_COLUMNS = (
    "label",
    "score",
    "probabilities",
    "tokens",
    "tokens_read",
    "windows",
    "route",
    "error",
)
"""Columns of an answer, in their order in the output."""


@dataclass(frozen=True)
class Window:
    """Neighbouring rows of a dataset, read together.

    Attributes:
        table: The columns that the output keeps.
        texts: What is scored, one a row; None where there is an error.
        errors: Why a row cannot be scored, one a row; None where it can.
    """

    table: pa.Table
    texts: Sequence[str | TextPair | None]
    errors: Sequence[str | None]


@dataclass(frozen=True)
class Scores:
    """Answers for the rows of a window, in their order.

    Attributes:
        probabilities: ``(rows, labels)``; plain values of a regression; NaN where there is an
            error.
        best: Index of the label among ``ModelIdentity.answers``, ``(rows,)``; -1 where there is an
            error.
        tokens: Tokens of each text, special tokens included, ``(rows,)``; words for a word list.
        tokens_read: Tokens of those that were read, ``(rows,)``.
        windows: Sequences that each text was read in, ``(rows,)``; 0 where there is an error.
        routes: What answered, one a row; None where there is an error.
        errors: Why a row has no answer, one a row; None where it has one.
        explanations: A JSON object a row, where explanations were asked for.
    """

    probabilities: npt.NDArray[np.float32]
    best: npt.NDArray[np.int32]
    tokens: npt.NDArray[np.int32]
    tokens_read: npt.NDArray[np.int32]
    windows: npt.NDArray[np.int32]
    routes: Sequence[Route | None]
    errors: Sequence[str | None]
    explanations: Sequence[str | None] | None = None

    @property
    def best_scores(self) -> npt.NDArray[np.float32]:
        """The probability of each row's label, ``(rows,)``.

        NaN where there is none: at an error, and where a word list says NEUTRAL in place of a model
        that has no such label.
        """
        rows, labels = self.probabilities.shape
        known = (self.best >= 0) & (self.best < labels)
        places = np.where(known, self.best, 0)
        found = np.where(known, self.probabilities[np.arange(rows), places], np.nan)
        return found.astype(np.float32)


@dataclass(frozen=True)
class ScoredWindow:
    """A window and its answers."""

    window: Window
    scores: Scores
