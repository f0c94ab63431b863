"""A word list as a classifier."""

from __future__ import annotations

import asyncio
import math

import pytest

from distilbert_sentiment_arch.classify.interface import (
    Answers,
    ClassifyRequest,
    Input,
    Scoring,
    TextPair,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import BlankInput, ConfigError, InputError
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

AFINN = embedded_word_list("afinn-111")
TWO = LabelSet(("negative", "positive"), "single_label_classification")


def ask(classifier: LexiconClassifier, *inputs: Input, scoring: Scoring | None = None) -> Answers:
    return asyncio.run(classifier.classify(ClassifyRequest(inputs, scoring=scoring)))


def test_labels_scores_and_words() -> None:
    answers = ask(LexiconClassifier(AFINN), "A good film.", "A bad film.", "A film.")
    assert (answers.model, answers.route, answers.reason) == ("afinn-111", "lexicon", None)
    found = answers.classifications
    assert [each.label for each in found] == ["POSITIVE", "NEGATIVE", "NEUTRAL"]
    assert found[0].logits == [-1, 0, 1]
    assert found[0].scores == pytest.approx([(1 - 1 / 5) / 3, 1 / 3, (1 + 1 / 5) / 3])
    assert found[2].scores == pytest.approx([1 / 3] * 3)
    assert [each.tokens for each in found] == [3, 3, 2]
    assert all(each.whole for each in found)


@pytest.mark.parametrize("text", ["superb " * 40, "good", "a good film", "bastard", "so-so"])
def test_scores_sum_to_one_and_agree_with_the_label(text: str) -> None:
    for labels in (TWO, LabelSet(("POSITIVE", "NEUTRAL", "NEGATIVE"), TWO.problem_type)):
        (found,) = ask(LexiconClassifier(AFINN, labels), text).classifications
        assert math.fsum(found.scores) == pytest.approx(1)
        assert all(0 <= each <= 1 for each in found.scores)
        if found.label != "NEUTRAL":
            best = max(range(len(labels)), key=found.scores.__getitem__)
            assert labels.names[best] == found.label


def test_it_answers_in_the_spelling_of_the_model_it_stands_in_for() -> None:
    answers = ask(LexiconClassifier(AFINN, TWO), "A good film.", "A film.")
    good, neutral = answers.classifications
    assert (good.label, good.scores) == ("positive", pytest.approx([0.4, 0.6]))
    # A sign that the head has no word for is still not guessed.
    assert (neutral.label, neutral.scores) == ("NEUTRAL", [0.5, 0.5])


def test_the_neutral_band_and_modifiers_of_server_and_request() -> None:
    banded = LexiconClassifier(AFINN, scoring=Scoring(neutral_band=1.5))
    (found,) = ask(banded, "A good film.").classifications
    assert (found.label, found.scores) == ("NEUTRAL", pytest.approx([1 / 3] * 3))
    (found,) = ask(banded, "A good film.", scoring=Scoring()).classifications
    assert found.label == "POSITIVE"
    (found,) = ask(banded, "never happy", scoring=Scoring(modifiers=True)).classifications
    assert found.label == "NEGATIVE"


def test_a_modified_mean_beyond_the_scale_is_its_end() -> None:
    (found,) = ask(
        LexiconClassifier(AFINN), "superb", scoring=Scoring(modifiers=True)
    ).classifications
    assert max(found.scores) <= 2 / 3


def test_a_pair_is_both_texts() -> None:
    (found,) = ask(LexiconClassifier(AFINN), TextPair("good", "good film")).classifications
    assert (found.tokens, found.logits[-1]) == (3, 2)


def test_many_texts_and_few_give_the_same() -> None:
    classifier = LexiconClassifier(AFINN)
    long = "A good film and a bad one. " * 3000
    (many,) = ask(classifier, long).classifications
    assert many.tokens == 7 * 3000
    assert many.label == "NEUTRAL"


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ([], BlankInput),
        ([" "], BlankInput),
        (["a\0b"], InputError),
        (["\ud800"], InputError),
        ([[101, 102]], InputError),
    ],
)
def test_refusals(inputs: list[Input], error: type[InputError]) -> None:
    with pytest.raises(error):
        ask(LexiconClassifier(AFINN), *inputs)


@pytest.mark.parametrize(
    "names", [("toxic", "spam"), ("NEGATIVE",), ("NEGATIVE", "POSITIVE", "MIXED"), ("a",)]
)
def test_labels_without_a_sign_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=names[-1]):
        LexiconClassifier(AFINN, LabelSet(names, "single_label_classification"))
