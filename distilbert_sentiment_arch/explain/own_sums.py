"""Explanations of answers that are sums: each part of the text adds to the unit that it is in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

from distilbert_sentiment_arch.classify.interface import Sum
from distilbert_sentiment_arch.explain.plan import Values
from distilbert_sentiment_arch.explain.text_units import Span


def sums_of_units(found: Sum, spans: Sequence[Span]) -> Values:
    """Returns what each unit adds to the logits and then to the scores, ``(units, 2 * labels)``.

    A part that lies in several units, such as a term of two words, adds to each the same share.
    """
    starts = [start for start, _ in spans]
    ends = [end for _, end in spans]
    sums = np.zeros((len(spans), len(found.logits) + len(found.scores)))
    for part in found.contributions:
        first = bisect_right(ends, part.start)
        after = max(first + 1, bisect_left(starts, part.end))
        sums[first:after] += np.array([*part.logits, *part.scores]) / (after - first)
    return sums
