"""The explainer over a real classifier, tokenizer and batcher, whose logits are known numbers."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from failing_model import FailingModel
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_models import MAX_LENGTH, SENTIMENT, logits_of, pair_classifier, tokenizer

from distilbert_sentiment_arch import errors
from distilbert_sentiment_arch.classify.fallback import FallbackClassifier
from distilbert_sentiment_arch.classify.guarded_classifier import GuardedClassifier
from distilbert_sentiment_arch.classify.interface import (
    Answers,
    Classification,
    Classifier,
    ClassifyRequest,
    Scoring,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import (
    ExplainOptions,
    Explanation,
    PassLimits,
)
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LABELS, LexiconClassifier
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list
from distilbert_sentiment_arch.worker_threads import in_thread

TEXT = "A slow start, but what a wonderful film."
OWEN = ExplainOptions("owen")


def explained(
    *texts: str,
    classifier: Classifier | None = None,
    options: ExplainOptions | None = None,
    **request: Any,
) -> list[Explanation]:
    found = asyncio.run(
        explain(
            classifier or pair_classifier(SENTIMENT),
            ClassifyRequest(texts, **request),
            options or ExplainOptions(),
        )
    )
    return list(found.explanations)


def answer(text: str) -> Classification:
    """What the classifier says to a text, by the tokenizers library and plain NumPy."""
    ids = tokenizer().encode(text).ids
    labels = LabelSet(SENTIMENT, "single_label_classification")
    return Classification(labels, logits_of(ids, 2).tolist(), len(ids), len(ids))


def test_each_word_left_out_by_hand() -> None:
    (found,) = explained(TEXT)
    words = TEXT.split()
    assert [unit.text for unit in found.units] == words
    assert (found.method, found.unit, found.seed) == ("leave_one_out", "word", None)
    whole, empty = answer(TEXT), answer("")
    assert empty.tokens == 2
    assert found.classification == whole
    assert (found.base.logits, found.base.scores) == (empty.logits, empty.scores)
    variants = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
    for unit, variant in zip(found.units, variants, strict=True):
        assert TEXT[unit.start : unit.end] == unit.text
        without = answer(variant)
        np.testing.assert_allclose(
            unit.logits, np.subtract(whole.logits, without.logits), atol=1e-6
        )
        np.testing.assert_allclose(
            unit.scores, np.subtract(whole.scores, without.scores), atol=1e-6
        )
    assert found.passes == len(words) + 2
    assert found.tokens == sum(answer(each).tokens for each in [TEXT, "", *variants])


@settings(max_examples=40, deadline=None)
@given(
    st.text("abc .,!\u597d\u3002\U0001f600\n", min_size=1, max_size=40).filter(str.strip),
    st.integers(0, 100),
)
def test_owen_changes_sum_to_the_whole_for_logits_and_scores(text: str, more: int) -> None:
    units = explained(text)[0].units
    options = ExplainOptions("owen", passes=len(units) + 1 + more, seed=more)
    (found,) = explained(text, options=options)
    assert found.passes <= len(units) + 1 + more
    whole = found.classification
    for changes, top, bottom in (
        ([unit.logits for unit in found.units], whole.logits, found.base.logits),
        ([unit.scores for unit in found.units], whole.scores, found.base.scores),
    ):
        difference = np.subtract(top, bottom)
        np.testing.assert_allclose(np.sum(changes, axis=0), difference, atol=1e-4)


def test_several_texts_are_explained_as_each_alone() -> None:
    texts = [TEXT, "Never again.", "one", TEXT]
    for options in (ExplainOptions(), OWEN, ExplainOptions(units="sentence")):
        together = explained(*texts, options=options)
        assert together == [explained(text, options=options)[0] for text in texts]


def test_the_seed_decides_the_samples() -> None:
    options = ExplainOptions("owen", passes=30, seed=5)
    (first,), (again,) = explained(TEXT, options=options), explained(TEXT, options=options)
    (other,) = explained(TEXT, options=replace(options, seed=6))
    assert first == again
    assert first.seed == 5
    assert first.units != other.units


def test_a_text_that_is_read_twice_is_computed_once() -> None:
    (found,) = explained("la la la")
    assert found.passes == 3  # itself, two of the three, none
    assert explained("one")[0].passes == 2


def test_what_the_tokenizer_drops_is_the_empty_text() -> None:
    (found,) = explained("\u200b good")
    assert found.units[0].logits == [0.0, 0.0]
    assert found.units[1].logits == pytest.approx(
        np.subtract(answer("good").logits, answer("").logits)
    )


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "a\0b", "\ud800"])
def test_what_is_not_classified_is_not_explained(text: str) -> None:
    with pytest.raises(errors.InputError):
        explained(text)


@pytest.mark.parametrize("item", [TextPair("a", "b"), [101, 102]])
def test_pairs_and_token_ids_are_refused(item: Any) -> None:
    with pytest.raises(errors.InputError, match="Send texts"):
        explained(item)


def test_special_tokens_are_needed() -> None:
    with pytest.raises(errors.InputError, match="add_special_tokens"):
        explained(TEXT, add_special_tokens=False)


def test_the_default_budget_of_owen_is_divided_by_the_windows_of_the_text() -> None:
    # The classifier takes 20,000 tokens, of which each pass over three windows is 192.
    text = "So it ends, and it ends well. " * 11
    (found,) = explained(text, options=OWEN, truncation=Truncation("window"))
    assert found.classification.windows == 3
    assert (found.unit, len(found.units)) == ("word", 77)
    assert 78 <= found.passes <= 256 // 3
    whole = explained(TEXT, options=OWEN, truncation=Truncation("window"))[0]
    assert whole == explained(TEXT, options=OWEN)[0]


LONG = "word " * 30 + "and so on. " * 20


@pytest.mark.parametrize("mode", ["start", "end", "window"])
def test_a_text_over_the_limit_is_read_like_any_other(mode: Any) -> None:
    truncation = Truncation(mode)
    (found,) = explained(LONG, truncation=truncation)
    assert found.classification.tokens > MAX_LENGTH
    classifier = pair_classifier(SENTIMENT)
    without = LONG[: found.units[1].start] + LONG[found.units[2].start :]
    answers = asyncio.run(classifier.classify(ClassifyRequest([LONG, without], truncation)))
    whole, less = answers.classifications
    assert found.classification == whole
    assert found.units[1].logits == pytest.approx(np.subtract(whole.logits, less.logits))


def test_a_text_over_the_limit_is_refused_unless_asked_for() -> None:
    with pytest.raises(errors.TooManyTokens):
        explained(LONG)


def test_what_is_left_may_have_more_tokens_than_the_text() -> None:
    # A word with a letter that is not in the vocabulary is one token; without it, four.
    word = "\u306e\u306e\u306e\u306e\u1780"
    text = "ok " * (MAX_LENGTH - 3) + word
    (found,) = explained(text)
    assert found.classification.tokens == MAX_LENGTH
    assert found.units[-1].text == "\u1780"
    assert len(tokenizer().encode(text[:-1]).ids) == MAX_LENGTH + 3


def test_a_limit_on_passes_is_named_with_the_remedy() -> None:
    request = ClassifyRequest([TEXT, TEXT])

    def run(options: ExplainOptions, limits: PassLimits) -> None:
        asyncio.run(explain(pair_classifier(SENTIMENT), request, options, limits))

    with pytest.raises(
        errors.TooManyPasses, match=r"20 passes.* at most 19 .*units=sentence"
    ) as caught:
        run(ExplainOptions(), PassLimits(passes=19))
    assert caught.value.param == "units"
    assert "option passes" not in str(caught.value)
    run(ExplainOptions(), PassLimits(passes=20))
    with pytest.raises(errors.TooManyPasses, match=r"200 passes.*option passes") as caught:
        run(ExplainOptions("owen", passes=100), PassLimits(passes=199))
    assert caught.value.param == "passes"
    with pytest.raises(errors.TooManyPasses, match=r"6 passes.*Send less text") as caught:
        run(ExplainOptions(units="sentence"), PassLimits(passes=5))
    assert caught.value.param is None
    assert not re.search("units=|option passes", str(caught.value))
    with pytest.raises(errors.TooManyPasses, match="18 passes") as caught:
        run(ExplainOptions("owen", passes=9), PassLimits(passes=17))
    assert "option passes" not in str(caught.value)
    with pytest.raises(errors.InputError, match="64 numbers"):
        run(ExplainOptions(), PassLimits(values=63))
    with pytest.raises(errors.InputError, match=r"at most 7\. Send less text"):
        run(ExplainOptions(units="sentence"), PassLimits(values=7))
    run(ExplainOptions(), PassLimits(values=64))


def test_passes_count_against_the_tokens_of_a_request() -> None:
    # Each of 324 passes counts as 64 tokens, and the classifier takes 20,000.
    with pytest.raises(errors.TooManyPasses, match=r"360 passes.*20000 tokens"):
        explained(*[TEXT] * 36)


class Recording(FailingModel):
    """A model whose passes in the background can fail or hang."""

    late = False
    background_error: Exception | None = None

    async def classify(self, request: ClassifyRequest) -> Answers:
        if request.background:
            self.hangs, self.error = self.late, self.background_error
        return await super().classify(request)


def test_the_text_is_read_like_any_other_and_all_passes_behind_it() -> None:
    model = Recording()
    explained(TEXT, "one", classifier=model, fallback="overload")
    plain, background = model.asked
    assert plain == ClassifyRequest((TEXT, "one"), fallback="overload")
    assert len(background.inputs) == 9 + 1
    assert (background.background, background.blank, background.fallback) == (True, True, "off")


def test_a_text_whose_answer_is_known_is_not_read_again() -> None:
    model = Recording()
    request = ClassifyRequest([TEXT])
    for classifier in (model, lexicon()):
        known = asyncio.run(classifier.classify(request))
        model.asked.clear()
        found = asyncio.run(explain(classifier, request, OWEN, answers=known))
        assert all(each.background for each in model.asked)
        assert list(found.explanations) == explained(TEXT, classifier=classifier, options=OWEN)


def test_a_budget_below_one_order_is_refused_before_anything_is_read() -> None:
    model = Recording()
    list_in_place = FallbackClassifier(
        FailingModel(error=errors.Overloaded()), lexicon(), "overload"
    )
    messages = set()
    for classifier in (model, list_in_place, lexicon()):
        with pytest.raises(errors.InputError, match="9 passes or more") as caught:
            explained(TEXT, classifier=classifier, options=ExplainOptions("owen", passes=8))
        assert caught.value.param == "passes"
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert not model.asked
    assert explained(TEXT, classifier=lexicon(), options=ExplainOptions("owen", passes=9))


def test_passes_obey_the_deadline() -> None:
    model = Recording()
    model.late = True
    with pytest.raises(errors.DeadlineExceeded, match=r"0\.05 seconds"):
        asyncio.run(
            explain(model, ClassifyRequest([TEXT]), ExplainOptions(), PassLimits(deadline_s=0.05))
        )


def test_finding_units_obeys_the_deadline() -> None:
    release = threading.Event()

    async def run() -> None:
        busy = [asyncio.create_task(in_thread(1, release.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        request = ClassifyRequest(["long " * 1_000])
        try:
            await explain(Recording(), request, ExplainOptions(), PassLimits(deadline_s=0.05))
        finally:
            release.set()
            await asyncio.gather(*busy)

    with pytest.raises(errors.DeadlineExceeded, match=r"0\.05 seconds"):
        asyncio.run(run())


def test_at_the_deadline_of_the_text_a_word_list_takes_over() -> None:
    model = FailingModel()
    model.hangs = True
    guarded = GuardedClassifier(model, 0.1, lambda: 0)
    classifier = FallbackClassifier(guarded, lexicon(), "overload")
    limits = PassLimits(deadline_s=0.1)
    found = asyncio.run(explain(classifier, ClassifyRequest([TEXT]), ExplainOptions(), limits))
    assert (found.answers.route, found.answers.reason) == ("lexicon", "deadline")


def lexicon(labels: Sequence[str] = SENTIMENT, **scoring: Any) -> LexiconClassifier:
    word_list = embedded_word_list("afinn-111")
    label_set = LabelSet(tuple(labels), "single_label_classification")
    return LexiconClassifier(word_list, label_set, Scoring(**scoring))


def test_a_fallback_explains_what_it_answered() -> None:
    model = FailingModel(error=errors.Overloaded())
    classifier = FallbackClassifier(model, lexicon(), "overload")
    found = asyncio.run(explain(classifier, ClassifyRequest([TEXT]), OWEN))
    assert (found.answers.route, found.answers.reason) == ("lexicon", "overloaded")
    assert found.explanations == explained(TEXT, classifier=lexicon())
    assert len(model.asked) == 1


def test_routes_are_never_mixed() -> None:
    model = Recording()
    model.background_error = errors.Overloaded()
    classifier = FallbackClassifier(model, lexicon(), "always-available")
    with pytest.raises(errors.Overloaded):
        explained(TEXT, classifier=classifier)


@pytest.mark.parametrize("labels", [SENTIMENT, LABELS.names])
@pytest.mark.parametrize("scoring", [{}, {"modifiers": True}, {"neutral_band": 0.5}])
@pytest.mark.parametrize(
    "text", [TEXT, "A great cast, but the plot is not good.", "bad good", "ok", "so very good good"]
)
def test_a_word_list_explains_itself_by_its_own_sums(
    text: str, labels: Sequence[str], scoring: dict[str, Any]
) -> None:
    classifier = lexicon(labels, **scoring)
    (found,) = explained(text, classifier=classifier)
    (answer,) = asyncio.run(classifier.classify(ClassifyRequest([text]))).classifications
    assert found.classification == answer
    assert (found.method, found.passes, found.tokens) == ("sums", 1, answer.tokens)
    assert list(found.base.logits) == [0.0] * len(labels)
    assert list(found.base.scores) == [1 / len(labels)] * len(labels)
    for changes, top, bottom in (
        ([unit.logits for unit in found.units], answer.logits, found.base.logits),
        ([unit.scores for unit in found.units], answer.scores, found.base.scores),
    ):
        np.testing.assert_allclose(np.sum(changes, axis=0), np.subtract(top, bottom), atol=1e-12)


def test_the_words_of_a_word_list_have_their_own_valence() -> None:
    (found,) = explained("A great cast, bad plot!", classifier=lexicon())
    positive = {unit.text: unit.logits[1] for unit in found.units}
    expected = {"A": 0, "great": 3 / 5, "cast,": 0, "bad": -3 / 5, "plot!": 0}
    assert positive == pytest.approx(expected)


@pytest.mark.slow
def test_a_real_model_by_hand(embedded: Classifier) -> None:
    text = "It is not a good film, and I never laughed."
    words = text.split()

    async def logits(*texts: str) -> Any:
        answers = await embedded.classify(ClassifyRequest(texts))
        return np.array([each.logits for each in answers.classifications])

    async def run() -> None:
        found = await explain(embedded, ClassifyRequest([text]), ExplainOptions())
        variants = [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]
        expected = await logits(text) - await logits(*variants)
        changes = np.array([unit.logits for unit in found.explanations[0].units])
        np.testing.assert_allclose(changes, expected, atol=1e-4)
        assert words[int(changes[:, 0].argmax())] in ("not", "never")

    asyncio.run(run())
