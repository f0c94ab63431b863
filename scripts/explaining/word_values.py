"""Values of words from those of a tokenizer's tokens, and from a word list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from distilbert_sentiment_arch.explain.text_units import Span
from distilbert_sentiment_arch.lexicon.lexicon_classifier import SIGNS
from distilbert_sentiment_arch.lexicon.scorer import score
from distilbert_sentiment_arch.lexicon.word_list import WordList


def values_of_words(spans: Sequence[Span], tokens: Iterable[tuple[int, int, float]]) -> list[float]:
    """Returns the sum of the values of each word's tokens.

    Args:
        spans: The words, in order.
        tokens: Start, end and value of tokens. One that lies in several words counts for the first.
    """
    found = [0.0] * len(spans)
    for start, end, value in tokens:
        for place, (first, after) in enumerate(spans):
            if start < after and first < end:
                found[place] += value
                break
    return found


def list_values(
    text: str, spans: Sequence[Span], word_list: WordList, label: str
) -> list[float] | None:
    """Returns how much a word list has each word speak for a label; None if it knows no such label.

    A term of several words counts for each of them.
    """
    sign = SIGNS.get(label.upper())
    if sign is None:
        return None
    matches = score(text, word_list).matches
    return [
        sign * sum(each.score for each in matches if each.start < end and start < each.end)
        for start, end in spans
    ]
