"""The scorer's answers beside those of the server's own path, with the embedded checkpoint."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from commands import ROOT

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.rows import Window
from distilbert_sentiment_arch.classify.interface import (
    Classification,
    ClassifyRequest,
    TextPair,
    Truncation,
)
from distilbert_sentiment_arch.errors import InputError

if TYPE_CHECKING:
    from distilbert_sentiment_arch.bulk.scoring.scorer import RowScorer
    from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
    from distilbert_sentiment_arch.engine.in_process import InProcessModel

pytestmark = pytest.mark.slow

CORPUS = ROOT / "scripts" / "benchmarking" / "corpus.jsonl"
WINDOWS = Truncation("window")


def texts_of_all_lengths() -> list[str | TextPair]:
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    texts: list[str | TextPair] = [json.loads(line)["text"] for line in lines[:40]]
    texts += ["slow and good " * 300, TextPair("Is it good?", "It is."), TextPair("a", "b " * 900)]
    return texts


def window(texts: list[str | TextPair | None]) -> Window:
    errors = [None if text is not None else "unreadable" for text in texts]
    return Window(pa.table({"id": list(range(len(texts)))}), texts, errors)


@pytest.fixture
def scorer(embedded_model: InProcessModel) -> RowScorer:
    from distilbert_sentiment_arch.bulk.scoring.model_scorer import scorer_of

    return scorer_of(embedded_model, ModelOptions(truncation=WINDOWS), "digest")


def served(classifier: ModelClassifier, text: str | TextPair) -> Classification:
    request = ClassifyRequest([text], WINDOWS)
    return asyncio.run(classifier.classify(request)).classifications[0]


def test_answers_are_the_server_s_to_the_bit(embedded: ModelClassifier, scorer: RowScorer) -> None:
    texts = texts_of_all_lengths()
    expected = {text: served(embedded, text) for text in texts}
    generator = random.Random(18)
    for size in (7, 100):
        generator.shuffle(texts)
        windows = [window(list(texts[at : at + size])) for at in range(0, len(texts), size)]
        scored = list(scorer.score(windows))
        assert [each.window for each in scored] == windows
        for each in scored:
            for row, text in enumerate(each.window.texts):
                answer, scores = expected[text], each.scores
                wanted = np.array(answer.scores, dtype=np.float32)
                np.testing.assert_array_equal(scores.probabilities[row], wanted)
                assert scorer.identity.answers[scores.best[row]] == answer.label
                assert scores.best_scores[row] == wanted.max()
                counts = scores.tokens[row], scores.tokens_read[row], scores.windows[row]
                assert counts == (answer.tokens, answer.tokens_read, answer.windows)
                assert (scores.routes[row], scores.errors[row]) == ("model", None)
    for source, answers in scorer.answers([window(list(texts))], WINDOWS):
        for row, text in enumerate(source.texts):
            assert answers.logits[row].tolist() == expected[text].logits


def test_errors_are_the_server_s_words(embedded: ModelClassifier, scorer: RowScorer) -> None:
    bad = ["", " \n", "a\0b", "a lone \ud800", "\u200b\u200b", TextPair("a", "")]
    ((only),) = scorer.score([window(["good", *bad, None])])
    for row, text in enumerate(bad, start=1):
        with pytest.raises(InputError) as wrong:
            served(embedded, text)
        assert only.scores.errors[row] == str(wrong.value).replace("Input 0", "The text")
    assert only.scores.errors[-1] == "unreadable"
    assert only.scores.best.tolist() == [1, *[-1] * 7]
    assert np.isnan(only.scores.probabilities[1:]).all()
    assert only.scores.routes == ["model", *[None] * 7]


def test_a_cell_of_fifty_megabytes_costs_its_row_only(scorer: RowScorer) -> None:
    ((only),) = scorer.score([window(["good", "x" * 50_000_000, "bad " * 120_000, "bad"])])
    errors = only.scores.errors
    assert "more than 524288 characters" in str(errors[1])
    assert only.scores.best[[0, 3]].tolist() == [1, 0]
    # 480,000 characters are within the limit on characters, and too many tokens in windows.
    assert "more than 131072 tokens" in str(errors[2])


def test_the_identity_names_what_answers(scorer: RowScorer) -> None:
    identity = scorer.identity
    assert (identity.precision, identity.labels) == ("float32", ("NEGATIVE", "POSITIVE"))
    assert identity.answers == identity.labels
    assert json.loads(json.dumps(identity.as_json()))["settings_digest"] == identity.settings_digest
