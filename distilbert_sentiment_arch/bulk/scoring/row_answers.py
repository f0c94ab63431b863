"""Answers for the rows of a window, before they are columns or objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.bulk.rows import Scores
from distilbert_sentiment_arch.classify.interface import Classification, Route, TextPair
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import SentimentError, TooManyCharacters


class Rows(Protocol):
    """Rows that are read together."""

    @property
    def texts(self) -> Sequence[str | TextPair | None]:
        """What is scored, one a row; None where there is an error."""

    @property
    def errors(self) -> Sequence[str | None]:
        """Why a row cannot be scored, one a row; None where it can."""


Source = TypeVar("Source", bound=Rows)

Failure = SentimentError | str
"""Why a row has no answer: an error of this package, or what its reader said."""


def why_unreadable(
    text: str | TextPair | None, error: str | None, max_characters: int
) -> Failure | None:
    """Returns why a row is not read at all; None where it is.

    Args:
        text: Its text; None where there is an error.
        error: What its reader said.
        max_characters: Most characters that a server takes in one request, and so of a row.
    """
    if text is None:
        return error or "The row has no text."
    return TooManyCharacters(max_characters) if len(text) > max_characters else None


@dataclass(frozen=True)
class RowAnswers:
    """What a model, or a word list, made of some rows, in their order.

    Attributes:
        logits: Of the model, ``(rows, labels)``, float32; NaN where there are none.
        tokens: Tokens of each text, ``(rows,)``.
        tokens_read: Tokens of those that were read, ``(rows,)``.
        windows: Sequences that each text was read in, ``(rows,)``; 0 where there is no answer.
        failures: Why a row has no answer, by its place.
        of_list: Answers of a word list, by the place of their row.
    """

    logits: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.int32]
    tokens_read: npt.NDArray[np.int32]
    windows: npt.NDArray[np.int32]
    failures: Mapping[int, Failure] = field(default_factory=dict)
    of_list: Mapping[int, Classification] = field(default_factory=dict)

    def classification(self, row: int, labels: LabelSet) -> Classification | Failure:
        """Returns the answer for one row, as a server's path has it, or why there is none."""
        if row in self.failures:
            return self.failures[row]
        if row in self.of_list:
            return self.of_list[row]
        return Classification(
            labels,
            self.logits[row].tolist(),
            int(self.tokens[row]),
            int(self.tokens_read[row]),
            int(self.windows[row]),
        )


def joined(parts: Sequence[RowAnswers]) -> RowAnswers:
    """Returns answers for rows behind each other as one; those of a model alone."""
    if len(parts) == 1:
        return parts[0]
    failures: dict[int, Failure] = {}
    start = 0
    for part in parts:
        failures.update({start + place: failure for place, failure in part.failures.items()})
        start += len(part.logits)
    return RowAnswers(
        np.concatenate([each.logits for each in parts]),
        np.concatenate([each.tokens for each in parts]),
        np.concatenate([each.tokens_read for each in parts]),
        np.concatenate([each.windows for each in parts]),
        failures,
    )


def part_of(answers: RowAnswers, start: int, end: int) -> RowAnswers:
    """Returns the answers for the rows from ``start`` to ``end``; those of a model alone."""
    return RowAnswers(
        answers.logits[start:end],
        answers.tokens[start:end],
        answers.tokens_read[start:end],
        answers.windows[start:end],
        {
            place - start: failure
            for place, failure in answers.failures.items()
            if start <= place < end
        },
    )


def columns_of(answers: RowAnswers, labels: LabelSet, place_of: Callable[[str], int]) -> Scores:
    """Returns answers as columns.

    Args:
        answers: The answers; a column takes over what it can.
        labels: The labels of their logits.
        place_of: Returns the place of a label among the possible answers.
    """
    rows = len(answers.logits)
    routes: list[Route | None] = ["model"] * rows
    errors: list[str | None] = [None] * rows
    failed = list(answers.failures)
    # The definition of the scores is the server's own, in float64 and row by row.
    probabilities = np.array(
        [labels.scores(row) for row in answers.logits.tolist()], dtype=np.float32
    ).reshape(answers.logits.shape)
    best = answers.logits.argmax(axis=1).astype(np.int32)
    best[failed] = -1
    for row, failure in answers.failures.items():
        routes[row], errors[row] = None, _reason(failure)
    scores = Scores(
        probabilities,
        best,
        answers.tokens,
        answers.tokens_read,
        answers.windows,
        routes,
        errors,
    )
    for row, answer in answers.of_list.items():
        routes[row] = "lexicon"
        _fill(scores, row, answer, place_of)
    return scores


def _reason(failure: Failure) -> str:
    """Returns why a row has no answer; it is no request, whose inputs have numbers."""
    return str(failure).replace("Input 0 ", "The text ", 1)


def _fill(scores: Scores, row: int, answer: Classification, place_of: Callable[[str], int]) -> None:
    scores.probabilities[row] = answer.scores
    scores.best[row] = place_of(answer.label)
    scores.tokens[row] = answer.tokens
    scores.tokens_read[row] = answer.tokens_read
    scores.windows[row] = answer.windows
