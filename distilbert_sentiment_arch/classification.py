"""What is asked of a classifier and what it answers; knows neither MAX nor HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.labels import LabelSet

Input = str | Sequence[int]
"""One thing to classify: text, or the token ids of a text, special tokens included."""


@dataclass(frozen=True)
class Truncation:
    """Consent to read less than the whole input.

    Attributes:
        side: Which end is cut off.
        limit: Most tokens to read, special tokens included; None for the model's own limit.
    """

    side: Literal["start", "end"]
    limit: int | None = None


@dataclass(frozen=True)
class ClassifyRequest:
    """Inputs to classify together, and how.

    Attributes:
        inputs: At least one.
        truncation: What to do with an input over the limit; None refuses it.
        add_special_tokens: Put [CLS] and [SEP] around texts. Token ids are read as they are.
    """

    inputs: Sequence[Input]
    truncation: Truncation | None = None
    add_special_tokens: bool = True


@dataclass(frozen=True)
class Classification:
    """The answer for one input.

    Attributes:
        labels: The labels of the head, in the order of ``logits``.
        logits: What the model put out, float32 ``(num_labels,)``.
        tokens: Tokens in the input, special tokens included.
        tokens_read: Tokens of those that the model read.
    """

    labels: LabelSet
    logits: npt.NDArray[np.float32]
    tokens: int
    tokens_read: int

    @property
    def label(self) -> str:
        """The label of the highest logit."""
        return self.labels.best(self.logits)

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """Probabilities, or the plain values of a regression, ``(num_labels,)``."""
        return self.labels.scores(self.logits)

    @property
    def truncated(self) -> bool:
        """Whether the model read less than the whole input."""
        return self.tokens_read < self.tokens
