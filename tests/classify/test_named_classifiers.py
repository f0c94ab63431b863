"""Classifiers by name."""

from __future__ import annotations

import pytest

from distilbert_sentiment_arch.classify.named_classifiers import by_name, named
from distilbert_sentiment_arch.errors import UnknownModel
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

DEFAULT, TWIN, OTHER = (
    LexiconClassifier(embedded_word_list(name)) for name in ("afinn-111", "afinn-111", "mvp-29")
)


def test_the_default_comes_first_and_keeps_its_name() -> None:
    assert list(by_name(DEFAULT, [OTHER, TWIN])) == [DEFAULT.name, OTHER.name]
    assert by_name(DEFAULT, [TWIN])[DEFAULT.name] is DEFAULT


@pytest.mark.parametrize("name", [None, ""])
def test_no_name_is_the_default(name: str | None) -> None:
    assert named(name, DEFAULT, [OTHER]) is DEFAULT


def test_a_name() -> None:
    assert named(OTHER.name, DEFAULT, [OTHER]) is OTHER
    with pytest.raises(UnknownModel, match=f"'{DEFAULT.name}', '{OTHER.name}'"):
        named("gpt", DEFAULT, [OTHER])
