"""What is asked of a classifier and what it answers; knows neither MAX nor HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.labels import LabelSet


@dataclass(frozen=True)
class TextPair:
    """Two texts that the model reads as one sequence, [SEP] between them."""

    first: str
    second: str

    def __len__(self) -> int:
        """Characters in both."""
        return len(self.first) + len(self.second)


Input = str | TextPair | Sequence[int]
"""One thing to classify: text, a pair, or the token ids of a text, special tokens included."""

TruncationMode = Literal["start", "end", "window"]
TRUNCATION_MODES: tuple[TruncationMode, ...] = get_args(TruncationMode)


@dataclass(frozen=True)
class Truncation:
    """Consent to read an input over the limit otherwise than whole and at once.

    Attributes:
        mode: Cut off the start or the end, or read all of it in overlapping windows.
        limit: Most tokens in one sequence, special tokens included; None for the model's limit.
    """

    mode: TruncationMode
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
        logits: What the model put out, float32 ``(num_labels,)``; for several windows their mean,
            each weighted by the tokens that no window before it had.
        tokens: Tokens in the input, special tokens included.
        tokens_read: Tokens of those that the model read.
        windows: Sequences the input was read in.
    """

    labels: LabelSet
    logits: npt.NDArray[np.float32]
    tokens: int
    tokens_read: int
    windows: int = 1

    @property
    def label(self) -> str:
        """The label of the highest logit."""
        return self.labels.best(self.logits)

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """Probabilities, or the plain values of a regression, ``(num_labels,)``."""
        return self.labels.scores(self.logits)

    @property
    def whole(self) -> bool:
        """Whether the model read all of the input at once."""
        return self.windows == 1 and self.tokens_read == self.tokens


@dataclass(frozen=True)
class Timing:
    """Where the time of a request went, in milliseconds.

    Attributes:
        tokenize: Text to token ids.
        queue: From handing over the sequence that was answered last to the start of its batch.
        compute: The pass of the graph over that batch.
        batch_sizes: Size of the batch each sequence was in.
    """

    tokenize: float
    queue: float
    compute: float
    batch_sizes: Sequence[int]


@dataclass(frozen=True)
class Answers:
    """The answers to a request, in the order of its inputs, and what they took."""

    classifications: Sequence[Classification]
    timing: Timing
