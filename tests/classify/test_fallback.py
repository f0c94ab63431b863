"""Fallback to a word list: the failures that each policy covers."""

from __future__ import annotations

import asyncio

import pytest
from failing_model import LABELS, FailingModel

from distilbert_sentiment_arch import errors
from distilbert_sentiment_arch.classify.fallback import FallbackClassifier, narrower
from distilbert_sentiment_arch.classify.interface import (
    FALLBACK_POLICIES,
    Answers,
    ClassifyRequest,
    FallbackPolicy,
    Input,
)
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list

FAILURES: dict[str, tuple[errors.SentimentError, set[str]]] = {
    "overloaded": (errors.Overloaded(), {"overload", "always-available"}),
    "deadline": (errors.DeadlineExceeded(1), {"overload", "always-available"}),
    "unavailable": (errors.ModelFailing(), {"always-available"}),
    "too_long": (errors.TooManyTokens(0, 600, 512), {"always-available"}),
}


def ask(
    error: Exception | None,
    policy: FallbackPolicy,
    *inputs: Input,
    asked: FallbackPolicy | None = None,
) -> Answers:
    lexicon = LexiconClassifier(embedded_word_list("afinn-111"), LABELS)
    classifier = FallbackClassifier(FailingModel(error=error), lexicon, policy)
    request = ClassifyRequest(inputs or ["a good film"], fallback=asked)
    return asyncio.run(classifier.classify(request))


@pytest.mark.parametrize("reason", FAILURES)
@pytest.mark.parametrize("policy", FALLBACK_POLICIES)
def test_each_policy_and_each_failure(reason: str, policy: FallbackPolicy) -> None:
    error, covering = FAILURES[reason]
    if policy in covering:
        answers = ask(error, policy)
        assert (answers.route, answers.model, answers.reason) == ("lexicon", "afinn-111", reason)
        assert answers.classifications[0].label == "POSITIVE"
    else:
        with pytest.raises(type(error)):
            ask(error, policy)


@pytest.mark.parametrize(
    "error",
    [
        errors.InputError("x"),
        errors.BlankInput("x"),
        errors.TooManyTokensInRequest(5),
        errors.TooManyInputs(5, 4),
        RuntimeError("x"),
    ],
)
def test_errors_that_are_not_the_model_s_are_not_covered(error: Exception) -> None:
    with pytest.raises(type(error)):
        ask(error, "always-available")


def test_an_answer_of_the_model_is_never_replaced() -> None:
    answers = ask(None, "always-available", "a bad film")
    assert (answers.route, answers.reason) == ("model", None)
    assert answers.classifications[0].label == "POSITIVE"


def test_a_request_may_narrow_the_policy_and_never_widen_it() -> None:
    assert narrower("always-available", "off") == "off"
    assert narrower("off", "always-available") == "off"
    assert narrower("overload", None) == "overload"
    with pytest.raises(errors.Overloaded):
        ask(errors.Overloaded(), "always-available", asked="off")
    with pytest.raises(errors.Overloaded):
        ask(errors.Overloaded(), "off", asked="always-available")
    with pytest.raises(errors.ModelFailing):
        ask(errors.ModelFailing(), "always-available", asked="overload")


def test_token_ids_have_no_fallback() -> None:
    with pytest.raises(errors.Overloaded):
        ask(errors.Overloaded(), "always-available", "a good film", [101, 102])


def test_bad_input_is_reported_even_if_the_model_failed_before_reading_it() -> None:
    with pytest.raises(errors.BlankInput):
        ask(errors.Overloaded(), "always-available", " ")
