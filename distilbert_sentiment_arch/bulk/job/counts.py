"""What a job counts: rows by label, route and error, tokens, and how scores are spread."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from distilbert_sentiment_arch.bulk.rows import Scores

BINS = 20
"""Bins of the histogram, each 0.05 wide; a score below 0 or above 1 is in the bin at that end."""

MAX_KINDS = 50
"""Most kinds of errors that are told apart."""
OTHER_ERRORS = "other errors"

_KIND_LENGTH = 120

# A code point, such as U+0000, says what is wrong.
_NUMBER = re.compile(r"(?P<point>U\+[0-9A-F]{4,6})|\b0x[0-9a-f]+|\\u[0-9a-f]{4}|\d[\d,.]*")


@dataclass
class Counts:
    """Counts over rows; those of two sets of rows add up to the counts over both.

    Attributes:
        rows: Rows, those with an error included.
        errors: Rows by the kind of their error, see ``error_kind``.
        labels: Rows by label.
        routes: Rows by what answered.
        histogram: Rows by the score of their label, in ``BINS`` bins from 0 to 1.
        tokens: Tokens in the texts.
        tokens_read: Tokens of those that were read.
        cut: Rows of which not every token was read.
        windowed: Rows that were read in several windows.
    """

    rows: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    histogram: list[int] = field(default_factory=lambda: [0] * BINS)
    tokens: int = 0
    tokens_read: int = 0
    cut: int = 0
    windowed: int = 0

    @property
    def failed(self) -> int:
        """Rows with an error."""
        return sum(self.errors.values())

    def add(self, other: Counts) -> None:
        """Adds the counts over other rows."""
        self.rows += other.rows
        for kind, rows in other.errors.items():
            known = kind in self.errors or len(self.errors) < MAX_KINDS
            self.errors[kind if known else OTHER_ERRORS] += rows
        self.labels.update(other.labels)
        self.routes.update(other.routes)
        self.histogram = [a + b for a, b in zip(self.histogram, other.histogram, strict=True)]
        self.tokens += other.tokens
        self.tokens_read += other.tokens_read
        self.cut += other.cut
        self.windowed += other.windowed

    def to_json(self) -> dict[str, Any]:
        """Returns an object of plain values, the same for the same counts."""
        return {
            "rows": self.rows,
            "failed": self.failed,
            "errors": dict(sorted(self.errors.items())),
            "labels": dict(sorted(self.labels.items())),
            "routes": dict(sorted(self.routes.items())),
            "histogram": self.histogram,
            "tokens": self.tokens,
            "tokens_read": self.tokens_read,
            "cut": self.cut,
            "windowed": self.windowed,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Counts:
        """Returns the counts of ``to_json``."""
        return cls(
            rows=value["rows"],
            errors=Counter(value["errors"]),
            labels=Counter(value["labels"]),
            routes=Counter(value["routes"]),
            histogram=list(value["histogram"]),
            tokens=value["tokens"],
            tokens_read=value["tokens_read"],
            cut=value["cut"],
            windowed=value["windowed"],
        )


def count(scores: Scores, answers: Sequence[str]) -> Counts:
    """Counts the rows of a window.

    Args:
        scores: Their answers.
        answers: Labels that a row may get.
    """
    answered = scores.best >= 0
    per_label = np.bincount(scores.best[answered], minlength=len(answers)).tolist()
    scored = answered & (scores.best < scores.probabilities.shape[1])
    score = scores.probabilities[scored, scores.best[scored]]
    bins = np.clip(score * BINS, 0, BINS - 1).astype(np.int64)
    return Counts(
        rows=len(scores.best),
        errors=Counter(error_kind(each) for each in scores.errors if each is not None),
        labels=Counter({name: n for name, n in zip(answers, per_label, strict=True) if n}),
        routes=Counter(each for each in scores.routes if each is not None),
        histogram=np.bincount(bins, minlength=BINS).tolist(),
        tokens=int(scores.tokens.sum(dtype=np.int64)),
        tokens_read=int(scores.tokens_read.sum(dtype=np.int64)),
        cut=int((answered & (scores.tokens_read < scores.tokens)).sum()),
        windowed=int((scores.windows > 1).sum()),
    )


def error_kind(error: str) -> str:
    """Returns the first sentence of an error with its numbers and quoted values left out."""
    sentence = re.split(r"(?<=[^\d\s])\.\s|\n", error, maxsplit=1)[0].rstrip(".")
    kind = re.sub(r"'[^']*'|\"[^\"]*\"", "…", sentence)
    kind = _NUMBER.sub(lambda match: match["point"] or "N", kind)
    return kind[:_KIND_LENGTH]
