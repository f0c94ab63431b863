"""Values of words: sums of their tokens', and a word list's."""

from __future__ import annotations

from distilbert_sentiment_arch.explain.text_units import split_words
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list
from scripts.explaining.word_values import list_values, values_of_words


def test_a_word_has_the_sum_of_its_tokens() -> None:
    text = "unbelievably good, really"
    tokens = [(0, 2, 1.0), (2, 9, 2.0), (9, 12, 4.0), (13, 17, 8.0), (17, 18, 16.0), (19, 25, 32.0)]
    assert values_of_words(split_words(text), tokens) == [7.0, 24.0, 32.0]


def test_a_token_in_two_words_counts_once() -> None:
    # As SentencePiece may have it: white space in front, or a piece across it.
    assert values_of_words([(0, 3), (4, 7)], [(0, 2, 1.0), (2, 5, 2.0), (4, 7, 4.0)]) == [3.0, 4.0]
    assert values_of_words([(0, 3), (4, 7)], [(3, 7, 1.0)]) == [0.0, 1.0]


def test_a_word_without_a_token_has_nothing() -> None:
    assert values_of_words([(0, 1), (2, 3)], [(2, 3, 5.0)]) == [0.0, 5.0]


def test_a_list_speaks_for_and_against_labels() -> None:
    afinn = embedded_word_list("afinn-111")
    text = "A good film, a terrible end; it can't stand it"
    words = split_words(text)
    positive = list_values(text, words, afinn, "POSITIVE")
    assert positive == [0, 3, 0, 0, -3, 0, 0, -3, -3, 0]
    assert list_values(text, words, afinn, "negative") == [-each for each in positive]
    assert list_values(text, words, afinn, "LABEL_1") is None
