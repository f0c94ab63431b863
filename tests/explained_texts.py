"""Explanations without a model: a word list's, and ones with chosen numbers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from distilbert_sentiment_arch.classify.interface import Classification, ClassifyRequest
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import Base, ExplainOptions, Explanation, Unit
from distilbert_sentiment_arch.explain.text_units import split_words
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

SENTIMENT = LabelSet(("NEGATIVE", "POSITIVE"), "single_label_classification")


def by_list(text: str, units: str = "word") -> Explanation:
    """Explains a text with AFINN-111."""
    classifier = LexiconClassifier(embedded_word_list("afinn-111"))
    options = ExplainOptions(units=units)  # type: ignore[arg-type]
    found = asyncio.run(explain(classifier, ClassifyRequest([text]), options))
    return found.explanations[0]


def with_changes(
    text: str,
    changes: Sequence[float],
    labels: LabelSet = SENTIMENT,
    *,
    tokens: int = 9,
    tokens_read: int = 9,
    windows: int = 1,
) -> Explanation:
    """Returns an explanation in which each word changes the last label's logit by a number."""
    others = len(labels) - 1
    units = [
        Unit(start, end, text[start:end], [*[-change] * others, change], [*[0.0] * others, 0.1])
        for (start, end), change in zip(split_words(text), changes, strict=True)
    ]
    logits = [*[0.0] * others, 1.0]
    answer = Classification(labels, logits, tokens, tokens_read, windows)
    base = Base([0.0] * len(labels), labels.scores([0.0] * len(labels)))
    return Explanation(answer, base, "leave_one_out", "word", len(units) + 2, 40, None, units)
