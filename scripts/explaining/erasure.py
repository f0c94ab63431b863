"""Comprehensiveness and sufficiency: what an answer loses with its most important words, or keeps.

Source: J. DeYoung et al., ERASER: A Benchmark to Evaluate Rationalized NLP Models, ACL 2020. Of a
text, the words that come first in an order are deleted (comprehensiveness) or are all that is left
(sufficiency), and the change of the answered label's score is taken, at several shares of words.
The mean over the shares is the area over the perturbation curve (AOPC).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from distilbert_sentiment_arch.explain.plan import kept_text
from distilbert_sentiment_arch.explain.text_units import Span

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Erasure:
    """The metrics of one order of one text, or their means; a number for each share.

    Attributes:
        comprehensiveness: The score of the text minus that of the text without its first words;
            higher is better.
        sufficiency: The score of the text minus that of its first words alone; lower is better.
    """

    comprehensiveness: Sequence[float]
    sufficiency: Sequence[float]


def taken(units: int, share: float) -> int:
    """Returns how many units are a share of all, rounded up; at least one."""
    # 0.1 * 30 is a little more than 3.
    return max(1, math.ceil(share * units - 1e-9))


def ranking(values: Sequence[float], chance: random.Random) -> list[int]:
    """Returns places from the highest value to the lowest, equal ones in random order."""
    return sorted(range(len(values)), key=lambda place: (-values[place], chance.random()))


def left_texts(text: str, spans: Sequence[Span], order: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Yields for each share the text without the first units of an order, and these alone."""
    everything = (1 << len(spans)) - 1
    for share in SHARES:
        first = sum(1 << unit for unit in order[: taken(len(spans), share)])
        yield kept_text(text, spans, everything ^ first), kept_text(text, spans, first)


def erasure(
    text: str, spans: Sequence[Span], order: Sequence[int], score: Callable[[str], float]
) -> Erasure:
    """Returns the metrics of an order of the units of a text.

    Args:
        text: The text.
        spans: Its units.
        order: Their places, the most important first.
        score: Returns the score of the label that was answered to the whole text.
    """
    whole = score(text)
    pairs = [(score(rest), score(alone)) for rest, alone in left_texts(text, spans, order)]
    return Erasure([whole - rest for rest, _ in pairs], [whole - alone for _, alone in pairs])


def mean_of(found: Sequence[Erasure]) -> Erasure:
    """Returns the means at each share."""
    return Erasure(
        _means([each.comprehensiveness for each in found]),
        _means([each.sufficiency for each in found]),
    )


def aopc(values: Sequence[float]) -> float:
    """Returns the mean over the shares."""
    return math.fsum(values) / len(values)


def _means(rows: Sequence[Sequence[float]]) -> list[float]:
    return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
