"""Counts of scored rows: labels, scores, tokens and errors, which add up over windows and parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from distilbert_sentiment_arch.bulk.rows import Scores

BINS = 20
"""Bins of a histogram of probabilities, from 0 to 1."""

_VALUE_BINS = 4
"""Bins of a histogram of a regression's values, to each whole number."""
_MOST_BIN = 400

_MOST_KINDS = 50
OTHER_ERRORS = "other reasons"


@dataclass(frozen=True)
class Counts:
    """What is known of scored rows, without the rows.

    Attributes:
        rows: All rows, those with an error among them.
        tokens: Tokens of the texts.
        tokens_read: Tokens of those that were read.
        cut: Rows of which less than all was read.
        in_windows: Rows read in more than one window.
        by_word_list: Rows that the fallback answered.
        labels: Histogram of the scores of the rows with each label: rows by number of the bin.
        errors: Rows by kind of error, which is the reason without its numbers and quoted parts.
        bins: Bins to each whole number.
    """

    rows: int = 0
    tokens: int = 0
    tokens_read: int = 0
    cut: int = 0
    in_windows: int = 0
    by_word_list: int = 0
    labels: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    bins: int = BINS

    @property
    def failed(self) -> int:
        """Rows with an error."""
        return sum(self.errors.values())

    @property
    def by_label(self) -> dict[str, int]:
        """Rows with each label."""
        return {label: sum(bins.values()) for label, bins in self.labels.items()}

    def __add__(self, other: Counts) -> Counts:
        labels = {label: Counter(bins) for label, bins in self.labels.items()}
        for label, bins in other.labels.items():
            labels.setdefault(label, Counter()).update(bins)
        return Counts(
            self.rows + other.rows,
            self.tokens + other.tokens,
            self.tokens_read + other.tokens_read,
            self.cut + other.cut,
            self.in_windows + other.in_windows,
            self.by_word_list + other.by_word_list,
            {label: dict(sorted(bins.items())) for label, bins in labels.items()},
            _fewest(Counter(self.errors) + Counter(other.errors)),
            other.bins if not self.rows else self.bins,
        )

    def as_json(self) -> dict[str, Any]:
        """Returns an object for the manifest."""
        return {
            "rows": self.rows,
            "tokens": self.tokens,
            "tokens_read": self.tokens_read,
            "cut": self.cut,
            "in_windows": self.in_windows,
            "by_word_list": self.by_word_list,
            "bins": self.bins,
            "labels": {
                label: {str(number): rows for number, rows in bins.items()}
                for label, bins in self.labels.items()
            },
            "errors": dict(self.errors),
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Counts:
        """Reads what ``as_json`` returned."""
        labels = {
            label: {int(number): rows for number, rows in bins.items()}
            for label, bins in found["labels"].items()
        }
        return cls(**{**found, "labels": labels})


def counts_of(scores: Scores, labels: Sequence[str], *, regression: bool = False) -> Counts:
    """Returns the counts of a window.

    Args:
        scores: Answers for its rows.
        labels: Names of the labels.
        regression: Scores are plain values, not probabilities.
    """
    answered = scores.best >= 0
    best = scores.best[answered].astype(np.int64)
    score = scores.probabilities[answered, best].astype(np.float64)
    bins = _VALUE_BINS if regression else BINS
    number = np.floor(score * bins).astype(np.int64)
    number = number.clip(-_MOST_BIN, _MOST_BIN) if regression else number.clip(0, BINS - 1)
    found: dict[str, dict[int, int]] = {}
    for index in np.unique(best):
        numbers, rows = np.unique(number[best == index], return_counts=True)
        found[labels[index]] = dict(zip(numbers.tolist(), rows.tolist(), strict=True))
    reasons = Counter(kind_of(error) for error in scores.errors if error is not None)
    return Counts(
        rows=len(answered),
        tokens=int(scores.tokens[answered].sum()),
        tokens_read=int(scores.tokens_read[answered].sum()),
        cut=int((scores.tokens_read < scores.tokens)[answered].sum()),
        in_windows=int((scores.windows > 1).sum()),
        by_word_list=sum(route == "lexicon" for route in scores.routes),
        labels=found,
        errors=_fewest(reasons),
        bins=bins,
    )


def kind_of(reason: str) -> str:
    """Returns an error's reason without what differs between rows: numbers and quoted parts."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+(?:[.,]\d+)*", "\N{HORIZONTAL ELLIPSIS}", reason)


def _fewest(reasons: Counter[str]) -> dict[str, int]:
    """Returns the most frequent kinds, and the others as one."""
    if len(reasons) <= _MOST_KINDS:
        return dict(reasons.most_common())
    kept = dict(
        (kind, rows)
        for kind, rows in reasons.most_common(_MOST_KINDS)
        if kind != OTHER_ERRORS
    )
    return kept | {OTHER_ERRORS: reasons.total() - sum(kept.values())}
