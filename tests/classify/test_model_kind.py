"""What a classifier is, in words of bounded length."""

from __future__ import annotations

import pytest
from pair_models import NAME, NLI, RERANKER, SENTIMENT, pair_classifier

from distilbert_sentiment_arch.classify.model_kind import described
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (RERANKER, "is a re-ranker or a regression, with the one label 'relevance'"),
        (SENTIMENT, "is a classifier with the labels 'NEGATIVE', 'POSITIVE'"),
        (NLI, "is a classifier with the labels 'contradiction', 'neutral', 'ENTAILMENT'"),
    ],
)
def test_models(labels: tuple[str, ...], words: str) -> None:
    assert described(pair_classifier(labels)) == f"'{NAME}' {words}"


def test_a_word_list() -> None:
    first = LexiconSettings.from_environment().classifiers()[0]
    assert "is answered by a word list, with the labels 'NEGATIVE'" in described(first)


def test_a_model_of_many_long_labels_is_described_shortly() -> None:
    labels = tuple(f"{number}-{'x' * 200}" for number in range(10_000))
    words = described(pair_classifier(labels))
    assert "10000 labels" in words
    assert len(words) < 1000
