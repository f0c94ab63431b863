"""Explanations of answers that are sums: each part of the text adds to the unit that it is in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from distilbert_sentiment_arch.classify.interface import Sum
from distilbert_sentiment_arch.explain.text_units import Span


def sums_of_units(found: Sum, spans: Sequence[Span]) -> list[list[float]]:
    """Returns a row for each unit: what it adds to the logits, and then to the scores.

    A part that lies in several units, such as a term of two words, adds to each the same share.
    """
    starts = [start for start, _ in spans]
    ends = [end for _, end in spans]
    sums = [[0.0] * (len(found.logits) + len(found.scores)) for _ in spans]
    for part in found.contributions:
        first = bisect_right(ends, part.start)
        after = max(first + 1, bisect_left(starts, part.end))
        for row in sums[first:after]:
            for column, value in enumerate((*part.logits, *part.scores)):
                row[column] += value / (after - first)
    return sums
