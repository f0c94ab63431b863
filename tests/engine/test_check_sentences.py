"""The sentences of the self-check."""

from __future__ import annotations

from distilbert_sentiment_arch.engine.check_sentences import SENTENCES


def test_there_are_64_of_every_length() -> None:
    assert len(SENTENCES) == len(set(SENTENCES)) == 64
    words = [len(sentence.split()) for sentence in SENTENCES]
    assert min(words) == 1
    assert max(words) == 146
    assert sum(count > 40 for count in words) > 8


def test_some_are_german() -> None:
    german = {"das", "der", "die", "ein", "ich", "nicht", "nie", "und"}
    assert sum(not german.isdisjoint(each.lower().split()) for each in SENTENCES) > 8
