"""Zero-shot classification: which heads can, and the numbers of Hugging Face's pipeline."""

from __future__ import annotations

import numpy as np
import pytest
from pair_models import pair_classifier

from distilbert_sentiment_arch.classify.interface import Classification, TextPair
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.classify.zero_shot import Candidates, EntailmentRows, rows_for
from distilbert_sentiment_arch.errors import UnsupportedTask

LOGITS = np.array([[0.5, -1.0, 2.25], [3.0, 0.25, -2.0], [-0.75, 1.5, 1.0], [60.0, 0.0, -60.0]])
NAMES = ("travel", "cooking", "dancing", "chess")


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        (("contradiction", "neutral", "entailment"), (2, 0)),
        (("contradiction", "entailment", "neutral"), (1, 0)),
        (("ENTAILMENT", "NEUTRAL", "CONTRADICTION"), (0, 2)),
        (("neutral", "Entails", "Contradicts"), (1, 2)),
        (("entailment", "not_entailment"), (0, 1)),
        (("not_entailment", "entailment"), (1, 0)),
        (("entailment", "neutral", "refuted"), (0, None)),
        (("NEGATIVE", "POSITIVE"), None),
        (("not_entailment", "other"), None),
        (("entailment",), None),
    ],
)
def test_rows_are_found_by_name(
    labels: tuple[str, ...], rows: tuple[int, int | None] | None
) -> None:
    found = EntailmentRows.of(LabelSet(labels, "single_label_classification"))
    assert found == (rows and EntailmentRows(*rows))


def answered(candidates: Candidates) -> Classification:
    labels = LabelSet(("contradiction", "neutral", "entailment"), "single_label_classification")
    rows = EntailmentRows.of(labels)
    assert rows is not None
    count = len(candidates.labels)
    pairs = [Classification(labels, list(row), 10, 9) for row in LOGITS[:count]]
    return candidates.answer(pairs, rows)


def test_labels_that_exclude_each_other_share_a_softmax_of_entailment() -> None:
    answer = answered(Candidates(NAMES))
    entailment = np.exp(LOGITS[:, 2])
    np.testing.assert_allclose(answer.scores, entailment / entailment.sum(), rtol=1e-12)
    assert answer.label == "travel"
    assert answer.labels.names == NAMES
    assert (answer.tokens, answer.tokens_read) == (40, 36)


@pytest.mark.parametrize("candidates", [Candidates(NAMES, multi_label=True), Candidates(NAMES[:1])])
def test_independent_labels_and_a_single_one_are_held_against_contradiction(
    candidates: Candidates,
) -> None:
    answer = answered(candidates)
    both = np.exp(LOGITS[: len(candidates.labels), [0, 2]])
    np.testing.assert_allclose(answer.scores, both[:, 1] / both.sum(axis=1), rtol=1e-12)


def test_pairs_and_their_characters() -> None:
    candidates = Candidates(("a", "bcd"), "It is {}, I say.")
    texts = ["one", "another"]
    pairs = candidates.pairs(texts)
    assert pairs[1] == TextPair("one", "It is bcd, I say.")
    assert [pair.first for pair in pairs] == ["one", "one", "another", "another"]
    assert candidates.characters(texts) == sum(map(len, pairs))


def test_braces_of_a_label_are_text() -> None:
    (pair,) = Candidates(("{0.__class__} {}",), "A {}!").pairs(["x"])
    assert pair.second == "A {0.__class__} {}!"


@pytest.mark.parametrize(
    ("labels", "candidates", "message"),
    [
        (("NEGATIVE", "POSITIVE"), Candidates(NAMES), "'NEGATIVE', 'POSITIVE'"),
        (("relevance",), Candidates(NAMES), "one label 'relevance'"),
        (("entailment", "a", "b"), Candidates(NAMES, multi_label=True), "'contra'"),
        (("entailment", "a", "b"), Candidates(NAMES[:1]), "'contra'"),
    ],
)
def test_a_model_that_cannot_says_what_it_is(
    labels: tuple[str, ...], candidates: Candidates, message: str
) -> None:
    with pytest.raises(UnsupportedTask, match=message):
        rows_for(pair_classifier(labels), candidates)
